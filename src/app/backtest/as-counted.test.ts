/** Windows of an earlier revision of the pipeline file stand beside those of this one, and that is said. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { after, test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import type { RevisionChoice } from '../../pipeline/revision.ts';
import { runPipelines } from '../run.ts';
import { runBacktest, type BacktestOptions } from './backtest.ts';
import { ORDERS_PIPELINE } from '../../../test/support/orders-pipeline.ts';
import { temporary } from '../../../test/support/temporary.ts';

const dir = temporary({ after });
const file = join(dir, 'shop.yml');
const data = join(dir, 'data');
const START = Date.UTC(2026, 2, 2, 9);
const minute = (count: number): number => START + count * 60_000;

/** An event in each of these minutes, behind those of the runs before. */
async function run(measure: string, from: number, to: number, revision: RevisionChoice): Promise<void> {
  writeFileSync(file, ORDERS_PIPELINE.replace('count: {}', measure));
  const events = join(dir, 'events.ndjson');
  const event = (at: number): string => JSON.stringify({ at: new Date(minute(at)).toISOString(), kind: 'order', country: 'KR' });
  writeFileSync(events, Array.from({ length: to - from }, (_, i) => `${event(from + i)}\n`).join(''), { flag: 'a' });
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });
  const options = { files: [file], data, input: events, once: true, json: true, notify: false, quiet: true, olapStore: 'none', revision };
  const beside = { stdin: Readable.from([]), stdout: nowhere(), stderr: nowhere(), signal: new AbortController().signal };
  await runPipelines(options, beside);
}

async function notesOf(options: Partial<BacktestOptions> = {}): Promise<string[]> {
  const order = { file, data, warmUpMs: 0, set: [], compare: false, graceMs: 0, ...options };
  const { notes, windows } = await runBacktest(order, { clock: systemClock, stdin: Readable.from([]) });
  assert.ok(windows > 0);
  return notes.filter((note) => /revision/.test(note));
}

test('windows of before the newest revision are named as such, where they are read', async () => {
  await run('count: {}', 0, 6, { kind: 'same' });
  assert.deepEqual(await notesOf(), []);
  await run('count: { kind: order }', 20, 26, { kind: 'new' });
  const [note, ...others] = await notesOf();
  assert.match(note ?? '', /^windows before 2026-03-02 09:05 UTC are of an earlier revision of the file: where that counted otherwise/);
  assert.deepEqual(others, []);
  assert.equal((await notesOf({ from: minute(21), warmUpMs: 3_600_000 })).length, 1);
  assert.deepEqual(await notesOf({ from: minute(20) }), []);
  await run('count: { kind: order }', 40, 42, { kind: 'from', from: 'earliest' });
  assert.deepEqual(await notesOf(), []);
});
