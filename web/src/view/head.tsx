import { useState } from 'preact/hooks';
import { LANGUAGE_NAMES, LANGUAGES } from '../i18n/texts.ts';
import { THEMES } from '../data/dashboard.ts';
import { silentMsOf } from '../data/vitals.ts';
import type { Page } from '../route.ts';
import { useDashboard } from './context.ts';
import { BellIcon, SettingsIcon } from './icons.tsx';
import { Segmented, Select } from './parts.tsx';

const PAGES: readonly Exclude<Page, 'segment' | 'alert'>[] = ['overview', 'dead-letters', 'system'];

export function Head() {
  const { t, route, link, go, pipelines, feed, language, theme } = useDashboard();
  const { page } = route.value;
  // On a phone alone: elsewhere there is room for them.
  const [open, setOpen] = useState(false);
  const list = pipelines.value ?? [];
  const name = feed.value?.info.name ?? '';
  return (
    <header class="head">
      <a class="skip" href="#content" onClick={skipToContent}>
        {t('app.skip')}
      </a>
      <a class="brand" href={link({ page: 'overview', labels: {} })}>
        <BellIcon />
        <span>{t('app.title')}</span>
      </a>
      {list.length > 1 ? (
        <Select
          label={t('head.pipeline')}
          value={name}
          options={list.map((each) => ({ value: each.name, text: each.name }))}
          // Another pipeline has other windows and measures.
          onChange={(pipeline) => go({ pipeline, page: 'overview', labels: {}, window: undefined, measure: undefined, filter: undefined })}
        />
      ) : (
        <span class="pipeline-name">{name}</span>
      )}
      <ConnectionState />
      <nav class="nav" aria-label={t('nav.pages')}>
        {PAGES.map((each) => (
          <a
            key={each}
            href={link({ page: each, labels: {} })}
            {...((each === page || (each === 'overview' && page === 'segment')) && { 'aria-current': 'page' as const })}
          >
            {t(`nav.${each}`)}
          </a>
        ))}
      </nav>
      <button
        type="button"
        class="settings-toggle"
        aria-label={t('head.settings')}
        aria-expanded={open}
        aria-controls="settings"
        onClick={() => setOpen(!open)}
      >
        <SettingsIcon />
      </button>
      <div id="settings" class={open ? 'settings is-open' : 'settings'}>
        <Segmented
          label={t('head.language')}
          value={language.value}
          options={LANGUAGES.map((value) => ({ value, text: LANGUAGE_NAMES[value] }))}
          onChange={(value) => (language.value = value)}
        />
        <Segmented
          label={t('head.theme')}
          value={theme.value}
          options={THEMES.map((value) => ({ value, text: t(`theme.${value}`) }))}
          onChange={(value) => (theme.value = value)}
        />
      </div>
    </header>
  );
}

function ConnectionState() {
  const { t, feed, failed, now } = useDashboard();
  const state = failed.value ? 'lost' : (feed.value?.connection.value ?? 'connecting');
  const live = feed.value;
  const status = live?.status.value;
  // The server is there, its source is not.
  const isSilent = state === 'live' && status && silentMsOf(status, live.info, live.rates.value, now.value) > 0;
  return (
    <span class={`connection is-${state}${isSilent ? ' is-silent' : ''}`} role="status">
      <i aria-hidden="true" />
      {t(`connection.${isSilent ? 'silent' : state}`)}
    </span>
  );
}

/** The address is the route: a link to an anchor would leave the page. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}
