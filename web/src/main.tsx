import { render } from 'preact';
import { App } from './app.tsx';
import { browserClock } from './clock.ts';
import { createApi } from './data/api.ts';
import { createDashboard } from './data/dashboard.ts';
import { DashboardContext } from './view/context.ts';

// The page may lie below any path: the API is beside it.
const base = new URL('.', document.baseURI).href.replace(/\/$/, '');
const dashboard = createDashboard({
  api: createApi(base, fetch.bind(globalThis)),
  open: (url) => new EventSource(url),
  clock: browserClock,
  page: {
    languages: navigator.languages,
    hash: () => location.hash,
    go: (hash, replace) => {
      history[replace ? 'replaceState' : 'pushState'](null, '', hash);
      dispatchEvent(new HashChangeEvent('hashchange'));
    },
    onHash: (listener) => addEventListener('hashchange', listener),
    visible: () => document.visibilityState === 'visible',
    // Storage may be forbidden: then nothing is remembered.
    remember: (key, value) => {
      try {
        localStorage.setItem(`tocsin.${key}`, value);
      } catch {}
    },
    recall: (key) => {
      try {
        return localStorage.getItem(`tocsin.${key}`);
      } catch {
        return null;
      }
    },
  },
});

const root = document.getElementById('app');
if (root) {
  render(
    <DashboardContext.Provider value={dashboard}>
      <App />
    </DashboardContext.Provider>,
    root,
  );
}
