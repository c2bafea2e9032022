import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals';
import type { PipelineInfo } from '../../../src/server/api.ts';
import type { Language } from '../i18n/texts.ts';
import { alert, handClock } from '../testing.ts';
import type { Api } from './api.ts';
import { createPipelineFeed } from './pipeline-feed.ts';
import type { EventStream } from './stream.ts';

function scene() {
  const language = signal<Language>('en');
  const urls: string[] = [];
  const listeners: Map<string, (event: { readonly data?: string }) => void>[] = [];
  const silences: object[] = [];
  const answers: { lang: Language; answer: () => void }[] = [];
  const api = {
    status: () => new Promise(() => {}),
    alerts: (_: string, { lang, status }: { lang: Language; status?: 'firing' }) =>
      new Promise((resolve) => {
        const found = status ? [] : [{ ...alert('a', { message: `in ${lang}` }), resolved_time: null }];
        answers.push({ lang, answer: () => resolve({ alerts: found }) });
      }),
    silences: async () => [...silences],
    silence: async (_: string, request: object) => silences.push(request),
    streamUrl: (_: string, lang: Language) => `/stream?lang=${lang}`,
  } as unknown as Api;
  const open = (url: string): EventStream => {
    urls.push(url);
    const heard = new Map<string, (event: { readonly data?: string }) => void>();
    listeners.push(heard);
    return { readyState: 1, addEventListener: (type, listener) => void heard.set(type, listener), close: () => {} };
  };
  const feed = createPipelineFeed({ name: 'demo' } as PipelineInfo, language, { api, clock: handClock(), open });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { silences, language, urls, answers, listeners, feed, settled, words: () => feed.alerts.value.map(({ message }) => message) };
}

test('alerts are asked for again in the language that is chosen, and shown as they were until they come', async () => {
  const { language, urls, answers, listeners, feed, settled, words } = scene();
  answers.splice(0).forEach(({ answer }) => answer());
  await settled();
  assert.deepEqual([urls, words()], [['/stream?lang=en'], ['in en']]);
  language.value = 'ko';
  assert.deepEqual([urls, words()], [['/stream?lang=en', '/stream?lang=ko'], ['in en']]);
  listeners[1]!.get('open')!({});
  assert.deepEqual(
    answers.map(({ lang }) => lang),
    ['ko', 'ko'],
  );
  answers.splice(0).forEach(({ answer }) => answer());
  await settled();
  assert.deepEqual(words(), ['in ko']);
  feed.close();
  language.value = 'en';
  assert.equal(urls.length, 2, 'nobody listens any more');
});

test('an answer in the language that was left is not shown', async () => {
  const { language, answers, listeners, settled, words } = scene();
  const late = answers.splice(0);
  language.value = 'ko';
  listeners[1]!.get('open')!({});
  answers.splice(0).forEach(({ answer }) => answer());
  await settled();
  late.forEach(({ answer }) => answer());
  await settled();
  assert.deepEqual(words(), ['in ko']);
});

test('silences are loaded, told by the stream, and asked for again after a change', async () => {
  const { feed, listeners, settled, silences } = scene();
  await settled();
  assert.deepEqual(feed.silences.value, []);
  await feed.silence({ measure: 'ctr', for: '1h' });
  assert.deepEqual(feed.silences.value, silences);
  assert.equal(silences.length, 1);
  listeners[0]!.get('silences')!({ data: '[]' });
  assert.deepEqual(feed.silences.value, []);
});
