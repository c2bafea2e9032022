/** Who breaks a backtest off is heard while history is read, also where none of it is judged. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { after, test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { Log } from '../../log/log.ts';
import { toStateChanges } from '../../pipeline/state-codec.ts';
import { loadPipeline } from '../../config/load-pipeline.ts';
import { runPipelines } from '../run.ts';
import { runBacktest, type BacktestOptions } from './backtest.ts';
import { historyFromLog } from './from-log.ts';
import { historyFromRows } from './from-rows.ts';
import type { HistoryWanted } from './record-packer.ts';
import { ORDERS_PIPELINE } from '../../../test/support/orders-pipeline.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { rowAt } from '../../../test/support/window-row.ts';

const dir = temporary({ after });
const START = Date.UTC(2026, 2, 2, 9);
const file = join(dir, 'shop.yml');
writeFileSync(file, ORDERS_PIPELINE);
const { engine } = loadPipeline(file);
/** Nothing of what is there: no batch is emitted. */
const none: HistoryWanted = {
  pipeline: 'p',
  windows: [{ window: engine.windows[0]!, index: 0 }],
  measures: ['orders'],
  required: new Map(),
  sketched: [],
  from: START + 1e12,
  to: undefined,
};
const AT_ONCE = 1_000;
const BATCHES = 60;

/** Rows of as many batches as are read one after the other; the rows of each are a little over what is read at once. */
async function logOfRows(t: { after(undo: () => void): void }, counter: number): Promise<{ log: Log; reads(): number }> {
  const log = createEmbeddedLog({ path: join(temporary(t), 'log.sqlite'), clock: systemClock });
  t.after(() => log.closeSync());
  await log.ensureTopic('p.windows', { partitions: 1 });
  const row = Buffer.from(JSON.stringify({ ...rowAt(START, { measures: { orders: 1 } }), padding: 'x'.repeat(1_000) }));
  const rows = packRecords(Array.from({ length: AT_ONCE }, () => row));
  for (let i = 0; i < BATCHES; i++) await log.commit({ appends: [{ topic: 'p.windows', partition: 0, ...rows }] });
  const revisions = { windows: { counter, hash: 'a' }, detect: { counter: 1, hash: 'a' }, completeFrom: 0 };
  await log.commit({ state: toStateChanges('revision/', [['p', revisions]]) });
  let reads = 0;
  const counting: Log = { ...log, read: (...args) => (reads++, log.read(...args)) };
  return { log: counting, reads: () => reads };
}

for (const counter of [1, 2]) {
  test(`the log is not read to its end, with ${counter === 1 ? 'one revision' : 'two revisions'} of windows`, async (t) => {
    const { log, reads } = await logOfRows(t, counter);
    const deps = { clock: systemClock };
    await historyFromLog(none, 'p.windows', log, () => assert.fail('none is asked for'), deps);
    const whole = reads();
    assert.ok(whole >= BATCHES * counter, `${whole} reads`);
    const stopping = new AbortController();
    setImmediate(() => stopping.abort());
    const broken = historyFromLog(none, 'p.windows', log, () => assert.fail('none is asked for'), { ...deps, signal: stopping.signal });
    await assert.rejects(broken, { name: 'AbortError' });
    assert.ok(reads() - whole < BATCHES / 2, `${reads() - whole} reads`);
  });
}

const rows = join(dir, 'rows.ndjson');
writeFileSync(
  rows,
  Array.from({ length: 20_000 }, (_, minute) =>
    JSON.stringify({ window: '1m', window_start: new Date(START + minute * 60_000).toISOString(), country: 'KR', orders: 7 }),
  ).join('\n'),
);

test('a file of rows is not read to its end', async () => {
  const stopping = new AbortController();
  stopping.abort();
  // A wrong line at its end would be met otherwise.
  const spoilt = join(dir, 'spoilt.ndjson');
  writeFileSync(spoilt, `{"window":"1m","window_start":"2026-03-02T09:00:00Z","orders":1}\n${'\n'.repeat(1_000_000)}{}`);
  const emit = (): void => assert.fail('none is asked for');
  await assert.rejects(historyFromRows(none, engine, { path: spoilt, name: spoilt }, emit, stopping.signal), { name: 'AbortError' });
  await assert.rejects(historyFromRows(none, engine, { path: spoilt, name: spoilt }, emit), /spoilt\.ndjson:1000002: found something else/);
});

test('a backtest that is broken off ends so, wherever its history is and whatever it asks for', async () => {
  const events = join(dir, 'events.ndjson');
  writeFileSync(events, `${JSON.stringify({ at: new Date(START).toISOString(), country: 'KR' })}\n`);
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });
  const run = { files: [file], data: join(dir, 'data'), input: events, once: true, json: true, notify: false, quiet: true } as const;
  await runPipelines(
    { ...run, olapStore: 'none', revision: { kind: 'same' } },
    { stdin: Readable.from([]), stdout: nowhere(), stderr: nowhere(), signal: new AbortController().signal },
  );
  const places: Partial<BacktestOptions>[] = [{ history: 'log' }, { input: rows }, { input: events }];
  for (const place of places) {
    const order = { file, data: join(dir, 'data'), warmUpMs: 0, set: [], compare: false, graceMs: 0, from: START + 1e12, ...place };
    const backtest = (signal: AbortSignal) => runBacktest(order, { clock: systemClock, stdin: Readable.from([]), signal });
    assert.equal((await backtest(new AbortController().signal)).from, null);
    await assert.rejects(backtest(AbortSignal.abort()), { name: 'AbortError' }, JSON.stringify(place));
  }
});
