import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals';
import type { PipelineInfo } from '../../../src/server/api.ts';
import type { Language } from '../i18n/texts.ts';
import { alert, handClock, point } from '../testing.ts';
import type { Api } from './api.ts';
import { createPipelineFeed } from './pipeline-feed.ts';
import type { EventStream } from './stream.ts';

function scene() {
  const language = signal<Language>('en');
  const urls: string[] = [];
  const listeners: Map<string, (event: { readonly data?: string }) => void>[] = [];
  const silences: { readonly id: string }[] = [];
  const answers: { lang: Language; answer: () => void; refuse: () => void }[] = [];
  const api = {
    status: () => new Promise(() => {}),
    latest: () => new Promise(() => {}),
    alerts: (_: string, { lang, status }: { lang: Language; status?: 'firing' }) =>
      new Promise((resolve, reject) => {
        const found = status ? [] : [{ ...alert('a', { message: `in ${lang}` }), resolved_time: null }];
        answers.push({ lang, answer: () => resolve({ alerts: found }), refuse: () => reject(new Error('no')) });
      }),
    silences: async () => [...silences],
    silence: async (_: string, { comment = '' }: { comment?: string }) => ({ id: comment }),
    endSilence: async (_: string, id: string) => ({ id }),
    streamUrl: (_: string, lang: Language) => `/stream?lang=${lang}`,
  } as unknown as Api;
  const open = (url: string): EventStream => {
    urls.push(url);
    const heard = new Map<string, (event: { readonly data?: string }) => void>();
    listeners.push(heard);
    return { readyState: 1, addEventListener: (type, listener) => void heard.set(type, listener), close: () => {} };
  };
  const clock = handClock();
  const feed = createPipelineFeed({ name: 'demo' } as PipelineInfo, language, { api, clock, open });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    silences,
    language,
    clock,
    urls,
    answers,
    listeners,
    feed,
    settled,
    words: () => feed.alerts.value.map(({ message }) => message),
  };
}

test('alerts are asked for again in the language that is chosen, and shown as they were until they come', async () => {
  const { language, urls, answers, listeners, feed, settled, words } = scene();
  answers.splice(0).forEach(({ answer }) => answer());
  await settled();
  assert.deepEqual([urls, words()], [['/stream?lang=en'], ['in en']]);
  language.value = 'ko';
  assert.deepEqual([urls, words()], [['/stream?lang=en', '/stream?lang=ko'], ['in en']]);
  listeners[1]!.get('open')!({});
  assert.deepEqual([...new Set(answers.map(({ lang }) => lang))], ['ko']);
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

test('silences are loaded, told by the stream, and changed with the answer', async () => {
  const { feed, listeners, settled, silences } = scene();
  const shown = (): string[] => feed.silences.value.map(({ id }) => id);
  silences.push({ id: 'a' });
  listeners[0]!.get('reset')!({ data: '{}' });
  await settled();
  assert.deepEqual(shown(), ['a']);
  await feed.silence({ measure: 'ctr', for: '1h', comment: 'b' });
  assert.deepEqual(shown(), ['b', 'a']);
  await feed.endSilence('a');
  assert.deepEqual(shown(), ['b']);
  listeners[0]!.get('silences')!({ data: '[]' });
  assert.deepEqual(shown(), []);
});

test('that nothing has rung is only known once the list has come, and a list that failed is asked for again', async () => {
  const { answers, clock, feed, settled, words } = scene();
  assert.equal(feed.alertsKnown.value, false);
  answers.splice(0).forEach(({ refuse }) => refuse());
  await settled();
  assert.equal(feed.alertsKnown.value, false);
  clock.pass(5_000);
  answers.splice(0).forEach(({ answer }) => answer());
  await settled();
  assert.deepEqual([feed.alertsKnown.value, words()], [true, ['in en']]);
});

test('a few points are shown four times a second, thousands once', () => {
  const { clock, feed, listeners } = scene();
  const windows = feed.watch({ window: '10s', labels: undefined, windowsBack: 5 });
  const bring = (count: number, version: string): void => {
    const points = Array.from({ length: count }, (_, n) => point(0, 1, { version, labels: { country: String(n) } }));
    listeners[0]!.get('points')!({ data: JSON.stringify(points) });
  };
  const shownAfter = (ms: number): boolean => {
    const before = windows.revision.value;
    clock.pass(ms - 1);
    assert.equal(windows.revision.value, before, 'not earlier');
    clock.pass(1);
    return windows.revision.value > before;
  };
  bring(10, '1');
  assert.ok(shownAfter(250));
  bring(3_000, '2');
  assert.ok(shownAfter(250), 'what comes after a few is not kept waiting');
  bring(10, '3');
  assert.ok(shownAfter(1_000));
  bring(10, '4');
  assert.ok(shownAfter(250));
});
