import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { smallSpec } from '../../../test/support/small-spec.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';
import { systemClock } from '../../core/clock.ts';
import { atOnce } from '../../core/slices.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import { appendWindows } from '../../pipeline/appends.ts';
import { createRowWriter } from '../../windows/merge/row-writer.ts';
import { compilePlan } from '../../windows/plan.ts';
import { createWindowIndex } from './window-index.ts';

const START = Date.parse('2026-03-02T09:00:00Z');

test('main rows as the engine writes them are placed without being parsed; the few others are parsed', async (t) => {
  const log = createEmbeddedLog({ path: path.join(temporary(t), 'log.sqlite'), clock: systemClock });
  t.after(() => log.close());
  await log.ensureTopic('w', { partitions: 1 });
  const writer = createRowWriter(compilePlan(smallSpec({ dimensions: ['country'], rollups: [['country']] })), 1);
  const index = createWindowIndex(log, 'w');
  const parse = t.mock.method(JSON, 'parse');

  /** How many records were parsed to place those of one window of each origin. */
  async function parsed(second: number, origins: readonly string[]): Promise<number> {
    const start = START + second * 1_000;
    const rows = origins.map((origin) => {
      const contributions = [{ partition: 't/0', cell: { labels: ['KR "남" \\'], events: 2, offsets: 3, values: [2] } }];
      return writer.row({ window: 0, start, grouping: 0, stage: 'final', contributions, corrections: 0, idle: ['t/1'], origin });
    });
    await log.commit({ appends: atOnce(appendWindows('w', rows)) });
    parse.mock.resetCalls();
    assert.equal(await index.newest('10s'), start);
    return parse.mock.callCount();
  }

  assert.equal(await parsed(0, ['', '', '']), 0);
  assert.equal(await index.hasOtherOrigins('10s', START, START + 1), false);
  assert.equal(await parsed(10, ['', 'replay', 't/1']), 2);
  assert.equal(await index.hasOtherOrigins('10s', START, START + 10_000), false);
  assert.equal(await index.hasOtherOrigins('10s', START + 10_000, START + 20_000), true);
});

test('what others wrote among the windows is read over', async (t) => {
  const log = createEmbeddedLog({ path: path.join(temporary(t), 'log.sqlite'), clock: systemClock });
  t.after(() => log.close());
  await log.ensureTopic('w', { partitions: 1 });
  const strangers = ['a test line', null, 'null', '{}', '{"kind":"row"}'];
  const records = [...strangers, JSON.stringify(rowAt(START)), ...strangers, JSON.stringify(closedAt(START))];
  await log.commit({ appends: [{ topic: 'w', partition: 0, ...packRecords(records) }] });
  const index = createWindowIndex(log, 'w');
  const { window } = rowAt(START);
  assert.equal(await index.newest(window), START);
  const found: string[] = [];
  await index.read(window, START, START + 1, ({ kind }) => found.push(kind) > 0);
  assert.deepEqual(found, ['row', 'closed']);
});
