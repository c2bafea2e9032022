/** Events that the pipeline does not take: where none is left to count, that is said. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { runBacktest } from './backtest.ts';
import { temporary } from '../../../test/support/temporary.ts';

const dir = temporary({ after });
process.env['TMPDIR'] = join(dir, 'counted');
mkdirSync(join(dir, 'counted'));

const file = join(dir, 'shop.yml');
writeFileSync(join(dir, 'shops.json'), JSON.stringify({ s1: 'KR' }));
writeFileSync(
  file,
  `pipeline: shop
source: { topic: orders, where: { kind: order }, lookup: { country: { file: shops.json, by: shop } } }
event: { time: at, out_of_orderness: 1s, allowed_lateness: 5s }
dimensions: [country]
measures: { orders: { count: {} } }
windows: [1m]
detect: { orders: { detector: threshold, above: 50 } }
`,
);

const event = (kind: string, shop: string): string => JSON.stringify({ at: '2026-03-02T09:00:00Z', kind, shop });

function backtest(lines: readonly string[], { set = [] }: { readonly set?: readonly string[] } = {}) {
  const input = join(dir, 'events.ndjson');
  writeFileSync(input, lines.join('\n'));
  const order = { file, data: join(dir, 'nowhere'), warmUpMs: 0, set, compare: false, graceMs: 0, input };
  return runBacktest(order, { clock: systemClock, stdin: Readable.from([]) });
}

const refused = (message: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === 'input_unreadable' && message.test(error.message);

test('events that are all ignored are no history', async () => {
  const expected = 'expected events of the pipeline, which the `where` and the `lookup` of its source let pass$';
  await assert.rejects(
    backtest([event('Order', 's1'), event('visit', 's1'), event('order', 's2')]),
    refused(new RegExp(`events\\.ndjson: found 3 ignored ones among 3 records; ${expected}`)),
  );
  await assert.rejects(
    backtest([event('visit', 's1'), 'broken']),
    refused(new RegExp(`found 1 invalid one \\(.+ 1\\) and 1 ignored one among 2 records; ${expected}`)),
  );
});

test('one that is counted is enough, and those that are ignored are not missed', async () => {
  const { rows, notes } = await backtest([event('visit', 's1'), event('order', 's1')]);
  assert.equal(rows, 0, 'its window is not over');
  assert.ok(notes.every((note) => !/not counted/.test(note)));
});

test('an empty file, and one of blank lines, is called what it is', async () => {
  await assert.rejects(backtest([]), refused(/events\.ndjson: found no record; expected events of the pipeline$/));
  const plain = { set: ['source.where=null', 'source.lookup=null'] };
  await assert.rejects(
    backtest(['', '', ''], plain),
    refused(/events\.ndjson: found 2 ignored ones among 2 records; expected events of the pipeline$/),
  );
});
