/** A backtest over HTTP: bounded whatever is asked. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fakeSurface, serverOn } from '../../test/server/fake-surface.ts';
import type { BacktestReport } from './api.ts';
import type { BacktestQuery } from './surface.ts';

const URL = '/api/v1/pipelines/ads/backtest';

/** Backtests that end when they are told to. */
async function open(t: TestContext, backtestMs = 10_000) {
  const asked: { name: string; request: BacktestQuery; signal: AbortSignal; finish: () => void }[] = [];
  const waiting: (() => void)[] = [];
  const surface = Object.assign(fakeSurface(), {
    backtest: (name: string, request: BacktestQuery, signal: AbortSignal) =>
      new Promise<BacktestReport>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        asked.push({ name, request, signal, finish: () => resolve({ pipeline: name } as BacktestReport) });
        waiting.shift()?.();
      }),
  });
  const server = await serverOn(t, surface, { limits: { backtestMs } });
  const post = (payload: object) => server.app.inject({ method: 'POST', url: URL, payload, headers: { host: 'localhost' } });
  const isAsked = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return { server, asked, post, isAsked };
}

test('backtests run one at a time; the next one may ask once it has ended', async (t) => {
  const { asked, post, isAsked } = await open(t);
  const begun = isAsked();
  const first = post({ set: ['detect.ctr.down=40%'] });
  await begun;
  assert.deepEqual(asked[0]!.request, { set: ['detect.ctr.down=40%'], compare: false, warm_up: '7d', grace: '0s' });
  const second = await post({});
  assert.deepEqual([second.statusCode, second.headers['retry-after']], [429, '5']);
  asked[0]!.finish();
  assert.deepEqual([(await first).statusCode, (await first).json()], [200, { pipeline: 'ads' }]);
  const again = isAsked();
  const third = post({});
  await again;
  asked[1]!.finish();
  assert.equal((await third).statusCode, 200);
});

test('a backtest that takes longer than its limit is ended and answered 504', async (t) => {
  const { asked, post } = await open(t, 20);
  const { statusCode, body } = await post({});
  assert.equal(statusCode, 504);
  assert.match(body, /longer than 20 ms; ask for a shorter time/);
  assert.ok(asked[0]!.signal.aborted);
});

test('a client that leaves ends its backtest', async (t) => {
  const { server, asked, isAsked } = await open(t);
  const url = await server.listen();
  const leaving = new AbortController();
  const begun = isAsked();
  const asking = fetch(url + URL, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' }, signal: leaving.signal });
  await begun;
  const { signal } = asked[0]!;
  const ended = new Promise((resolve) => signal.addEventListener('abort', resolve));
  leaving.abort();
  await assert.rejects(asking);
  await ended;
});

test('what is not known or not of its kind is refused', async (t) => {
  const { post } = await open(t);
  for (const payload of [
    { frm: '2026-03-02T09:00:00Z' },
    { from: 'yesterday' },
    { incidents: [{ start: '2026-03-02T09:00:00Z' }] },
    { incidents: [{ start: '2026-03-02T09:00:00Z', end: '2026-03-02T10:00:00Z', country: 'KR' }] },
  ]) {
    assert.equal((await post(payload)).statusCode, 400, JSON.stringify(payload));
  }
});

test('a time that is none is refused with what was found, a label that is no text too; they are not read as something else', async (t) => {
  const { post, asked, isAsked } = await open(t);
  const span = { start: '2026-03-02T09:00:00Z', end: '2026-03-02T10:00:00Z' };
  for (const [payload, detail] of [
    [{ from: '2026-03-02T09:00:00+09' }, /^found from "2026-03-02T09:00:00\+09"; expected a time such as 2026-03-02T09:00:00Z, /],
    [{ to: '2026-03-02T23:59:60Z' }, /^found to "2026-03-02T23:59:60Z"; expected a time such as/],
    [{ incidents: [{ ...span, labels: { country: null } }] }, /labels\/country must be string/],
    [{ incidents: [{ ...span, labels: { country: 82 } }] }, /labels\/country must be string/],
    [{ compare: 'yes' }, /compare must be boolean/],
  ] as const) {
    const { statusCode, body } = await post(payload);
    assert.equal(statusCode, 400, body);
    assert.match(JSON.parse(body).detail, detail);
  }
  assert.equal(asked.length, 0);
  const begun = isAsked();
  const answer = post({ from: '2026-03-02 18:30', to: '2026-03-04', incidents: [{ start: '2026-03-02 18:30', end: '2026-03-03' }] });
  await begun;
  const { from, to, incidents } = asked[0]!.request;
  assert.deepEqual([from, to], [{ shown: Date.UTC(2026, 2, 2, 18, 30) }, { shown: Date.UTC(2026, 2, 4) }]);
  assert.deepEqual(incidents, [{ start: '2026-03-02 18:30', end: '2026-03-03' }]);
  asked[0]!.finish();
  assert.equal((await answer).statusCode, 200);
});
