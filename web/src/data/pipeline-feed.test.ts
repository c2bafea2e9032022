import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals';
import type { Episode } from '../../../src/alerts/episodes.ts';
import type { AlertList, PipelineInfo } from '../../../src/server/api.ts';
import { byGravity } from '../../../src/alerts/gravity.ts';
import type { Language } from '../i18n/texts.ts';
import { alert, handClock, point } from '../testing.ts';
import { firingCount, isWhole, knownFiring } from './alert-groups.ts';
import type { AlertQuery } from '../../../src/server/surface.ts';
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
        answers.push({ lang, answer: () => resolve({ alerts: found, total: found.length }), refuse: () => reject(new Error('no')) });
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
  listeners[0]!.get('open')!({});
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

/** A page that opens, with a segment's windows to be shown, and what it has asked the server for. */
function openingScene() {
  const asked: string[] = [];
  const never = (what: string) => () => {
    asked.push(what);
    return new Promise(() => {});
  };
  const api = Object.fromEntries(['status', 'latest', 'alerts', 'silences'].map((name) => [name, never(name)]));
  const heard = new Map<string, (event: object) => void>();
  const stream = { readyState: 0, addEventListener: heard.set.bind(heard), close: () => {} };
  const clock = handClock();
  const feed = createPipelineFeed({ name: 'demo' } as PipelineInfo, signal<Language>('en'), {
    api: { ...api, streamUrl: () => '' } as unknown as Api,
    clock,
    open: () => stream,
    onGap: () => asked.push('pipelines'),
  });
  feed.watch({ window: '10s', labels: undefined, windowsBack: 5 });
  return { asked: () => asked.splice(0).toSorted(), clock, feed, tell: (type: string) => heard.get(type)!({ data: '{}' }) };
}
const ONCE = ['alerts', 'alerts', 'alerts', 'latest', 'silences', 'status'];

test('a page that opens asks for each thing once, as soon as its stream is there; after a gap again', () => {
  const { asked, clock, feed, tell } = openingScene();
  assert.deepEqual(asked(), []);
  tell('open');
  assert.deepEqual(asked(), ONCE);
  clock.pass(4_000);
  assert.deepEqual(asked(), []);
  feed.watch({ window: '1m', labels: undefined, windowsBack: 5 }).close();
  assert.deepEqual(asked(), ['latest'], 'another window is asked for at once');
  tell('reset');
  assert.deepEqual(asked(), [...ONCE, 'pipelines'].toSorted());
  feed.close();
});

test('it does not wait for a stream that is late or lost; what was missed until that is there is asked for', () => {
  for (const isLost of [false, true]) {
    const { asked, clock, feed, tell } = openingScene();
    if (isLost) tell('error');
    else clock.pass(1_000);
    assert.deepEqual(asked(), ONCE);
    tell('open');
    assert.deepEqual(asked(), [...ONCE, 'pipelines'].toSorted());
    feed.close();
  }
  const { asked, clock, feed } = openingScene();
  feed.close();
  clock.pass(4_000);
  assert.deepEqual(asked(), [], 'closed before it was there');
});

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

/** A server where these fire, and the page that hears of them. */
function firingScene(count: number) {
  const firing = new Map<string, Episode>();
  for (let n = 0; n < count; n++) {
    const id = `a${n}`;
    firing.set(id, { ...alert(id, { severity: n < 600 ? 'critical' : 'low' }), resolved_time: null });
  }
  let asked = 0;
  const alerts = async (_: string, { order, limit }: AlertQuery): Promise<AlertList> => {
    if (order === 'gravest') asked++;
    const found = [...firing.values()].reverse();
    return { alerts: (order === 'gravest' ? found.sort(byGravity) : found).slice(0, limit), total: found.length };
  };
  const never = () => new Promise(() => {});
  const api = { status: never, silences: never, alerts, streamUrl: () => '' } as unknown as Api;
  const heard = new Map<string, (event: { readonly data?: string }) => void>();
  const open = () => ({ readyState: 1, addEventListener: heard.set.bind(heard), close: () => {} }) as unknown as EventStream;
  const clock = handClock();
  const feed = createPipelineFeed({ name: 'demo' } as PipelineInfo, signal<Language>('en'), { api, clock, open });
  heard.get('open')!({});
  const tell = (name: string, data: object): void => heard.get(name)!({ data: JSON.stringify(data) });
  return {
    feed,
    clock,
    asked: () => asked,
    settled: (): Promise<void> => new Promise((resolve) => setImmediate(resolve)),
    ring: (id: string) => {
      firing.set(id, { ...alert(id), resolved_time: null });
      tell('alert', alert(id));
    },
    ringAhead: (id: string) => tell('alert', alert(id)),
    end: (id: string) => {
      firing.delete(id);
      tell('alert', alert(id, { status: 'resolved', alert_time: '2026-01-01T00:09:00.000Z' }));
    },
    endUnheard: (id: string) => void firing.delete(id),
    gap: () => tell('reset', {}),
    tellStatus: () => tell('status', { records_per_second: 0, alerts: { firing: firing.size, groups: [] } }),
    known: () => knownFiring(feed.alerts.value),
    shown: () => [firingCount(feed.alerts.value, feed.told.value?.firing), isWhole(feed.alerts.value, feed.told.value?.firing)],
  };
}

test('of more alerts than are loaded the server counts, and when those known here end the next gravest are asked for', async () => {
  const { feed, clock, asked, settled, end, tellStatus, known, shown } = firingScene(1_500);
  await settled();
  tellStatus();
  assert.deepEqual([known(), shown()], [700, [1_500, false]], 'the gravest, and the newest');
  for (let n = 0; n < 600; n++) end(`a${n}`);
  clock.pass(100);
  tellStatus();
  assert.deepEqual([known(), shown(), asked()], [200, [900, false], 2]);
  await settled();
  assert.deepEqual([known() >= 500, shown()], [true, [900, false]]);
  for (let n = 600; n < 1_490; n++) end(`a${n}`);
  clock.pass(100);
  await settled();
  assert.equal(asked(), 2, 'not again so soon');
  clock.pass(5_000);
  await settled();
  assert.deepEqual([asked(), known(), shown()], [3, 10, [10, true]], 'all are known');
  end('a1499');
  clock.pass(100);
  assert.deepEqual(shown(), [9, true], 'sooner than the server counts');
  feed.close();
});

test('of more alerts that ring than are kept here the server counts, also of those that ring while the list is on its way', async () => {
  for (const isEarly of [false, true]) {
    const { feed, clock, settled, ring, tellStatus, shown } = firingScene(0);
    if (!isEarly) await settled();
    for (let n = 0; n < 810; n++) ring(`b${n}`);
    await settled();
    clock.pass(100);
    tellStatus();
    assert.deepEqual(shown(), [810, false]);
    feed.close();
  }
});

test('what ended while nothing was heard, and is not among the newest, fires no more after the gap', async () => {
  for (const count of [2, 1_500]) {
    const { feed, clock, settled, ring, ringAhead, endUnheard, gap, tellStatus, shown } = firingScene(count);
    await settled();
    const ended = [`a${count - 1}`, 'heard'];
    ring('heard');
    clock.pass(20_000);
    for (const id of ended) endUnheard(id);
    ringAhead('ahead');
    gap();
    ring('after');
    await settled();
    clock.pass(100);
    tellStatus();
    const ids = new Set(feed.alerts.value.map(({ alert_id }) => alert_id));
    const isShown = [...ended, 'ahead', 'after'].map((id) => ids.has(id));
    // The server counts the one that its list has not yet a moment later.
    assert.deepEqual([isShown, shown()[0]], [[false, false, true, true], count === 2 ? 3 : count]);
    feed.close();
  }
});
