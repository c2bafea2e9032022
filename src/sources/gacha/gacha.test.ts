import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../core/clock.ts';
import { gachaConfig } from './config.ts';
import { drawsAt, TICK_MS } from './draws.ts';
import { gachaSource } from './source.ts';

const START = Date.UTC(2026, 2, 2, 9, 0, 3);
const clock = { now: () => START } as Clock;
const folder = new URL('../../../pipelines', import.meta.url).pathname;
const settings = { rates: './gacha-rates.json', draws_per_minute: 6_000, history: '30m' };

interface Draws {
  readonly batch_id: string;
  readonly time: string;
  readonly item: string;
  readonly attempts: number;
  readonly successes: number;
}

async function read(over: object = {}, resume?: unknown): Promise<{ lines: Draws[]; resume: unknown }> {
  const lines: Draws[] = [];
  let last: unknown;
  for await (const chunk of gachaSource.open(gachaConfig.parse({ ...settings, ...over }), { clock, once: true, folder, resume })) {
    let from = 0;
    for (const end of chunk.ends) {
      lines.push(JSON.parse(Buffer.from(chunk.bytes.subarray(from, end)).toString()) as Draws);
      from = end;
    }
    last = chunk.resume;
  }
  return { lines, resume: last };
}

function rateOf(lines: readonly Draws[], item: string): number {
  const own = lines.filter((line) => line.item === item);
  const sum = (key: 'attempts' | 'successes'): number => own.reduce((total, line) => total + line[key], 0);
  return sum('successes') / sum('attempts');
}

test('history comes at once, as designed, each batch once, and the same each time', async () => {
  const { lines } = await read();
  assert.equal(lines.length, 180 * 8 * 2);
  assert.equal(new Set(lines.map((line) => line.batch_id)).size, lines.length);
  assert.ok(lines.every(({ time }) => Date.parse(time) <= START && Date.parse(time) > START - 31 * 60_000));
  assert.ok(Math.abs(rateOf(lines, 'griffin') / 0.051 - 1) < 0.05);
  assert.ok(Math.abs(rateOf(lines, 'coin-bag') / 0.5 - 1) < 0.02);
  assert.deepEqual((await read()).lines, lines);
  assert.notDeepEqual((await read({ seed: 2 })).lines, lines);
});

test('it goes on where it was, without a batch twice', async () => {
  const { resume } = await read();
  assert.deepEqual((await read({}, resume)).lines, []);
  const earlier = { ...(resume as { origin: number; until: number }), until: (resume as { until: number }).until - 3 * TICK_MS };
  assert.equal((await read({}, earlier)).lines.length, 3 * 8 * 2);
});

test('a wrong item is wrong from its time on, the others are not', () => {
  const items = [
    { name: 'a', rate: 0.1 },
    { name: 'b', rate: 0.1 },
  ];
  const config = { draws_per_minute: 6_000, servers: 1, seed: 1, wrong: [{ item: 'b', factor: 2, after: 100_000 }] };
  const lines: Draws[] = [];
  for (let at = TICK_MS; at <= 200_000; at += TICK_MS)
    lines.push(...drawsAt(at, 0, items, config).map((line) => JSON.parse(line) as Draws));
  const early = lines.filter(({ time }) => Date.parse(time) <= 100_000);
  const late = lines.filter(({ time }) => Date.parse(time) > 100_000);
  assert.ok(Math.abs(rateOf(early, 'b') - 0.1) < 0.02 && Math.abs(rateOf(late, 'a') - 0.1) < 0.02);
  assert.ok(Math.abs(rateOf(late, 'b') - 0.2) < 0.02);
});

test('what is no table of rates, and a wrong item that is not in it, are told', async () => {
  await assert.rejects(read({ rates: './no-such-file.json' }), /no-such-file\.json: found no JSON file to read.*phoenix/);
  await assert.rejects(read({ rates: './ad-event.v1.json' }), /ad-event\.v1\.json: found .* for .*expected one object of items/);
  await assert.rejects(read({ wrong: [{ item: 'unicorn', factor: 2 }] }), /found the item "unicorn"; expected one of phoenix, dragon/);
});
