import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { fc } from '../../../test/support/fast-check.ts';
import { createRandom } from '../../core/random.ts';
import { createIdChunks } from './chunks.ts';
import { createIdHasher } from './hash.ts';
import { openIdKernel } from './kernel.ts';
import { createIdLines } from './lines.ts';
import { createIdSegments } from './segments.ts';
import type { IdColumns } from './table.ts';
import { createIdMemory, type IdMemory, type IdMemoryConfig } from './ids.ts';

const TABLES = { lines: () => createIdLines()!, segments: () => createIdSegments(false) };

/** What an id memory must do, word by word; `step`: ids are forgotten for the limit's sake by whole steps of event time, ms. */
function createModel({ dedupMs, maxIds }: IdMemoryConfig) {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(dedupMs / 512)));
  const times = new Map<string, number>();
  const counted: number[] = [];
  let floor = -Infinity;
  let forgotten = 0;
  const stepOf = (time: number) => Math.floor(time / step);
  return {
    remembers: (id: string, watermark: number) => {
      const time = times.get(id);
      return time !== undefined && time >= floor && watermark < time + dedupMs;
    },
    remember(id: string, time: number, watermark: number) {
      if (time < floor || watermark >= time + dedupMs) return;
      times.set(id, time);
      counted.push(time);
      const alive = () => counted.filter((at) => at >= floor && (stepOf(at) + 1) * step - 1 + dedupMs > watermark);
      while (alive().length > maxIds) {
        const oldest = Math.min(...alive().map(stepOf));
        forgotten += alive().filter((at) => stepOf(at) === oldest).length;
        floor = (oldest + 1) * step;
      }
    },
    forgotten: () => forgotten,
  };
}

const HASHER = createIdHasher([3, 4]);
const START = 1_700_000_000_000;

/** Texts are given always: they are to be looked at in whole ids alone. `crowded`: all ids stand in one segment, most of them on each other's way. */
function columnsOf(ids: readonly string[], crowded = false): IdColumns {
  const hashes = ids.map((id) => {
    const { low, high } = HASHER.hash(id);
    return crowded ? { low: low & 0xe0000000, high: high >>> 8 } : { low, high };
  });
  return { low: Uint32Array.from(hashes, ({ low }) => low), high: Uint32Array.from(hashes, ({ high }) => high), texts: [...ids] };
}

/** A column with this event time in place `i`. */
function timesOf(i: number, time: number): Float64Array {
  const times = new Float64Array(i + 1);
  times[i] = time;
  return times;
}

/** One id after the other. */
function asking(memory: IdMemory, columns = (id: string) => columnsOf([id])) {
  return {
    remembers(id: string, watermark: number) {
      memory.expect(columns(id), 0, 1, { watermark });
      return memory.remembers(0, { watermark });
    },
    remember(id: string, time: number, watermark: number) {
      memory.expect(columns(id), 0, 1, { watermark });
      memory.remember(0, timesOf(0, time), { watermark });
    },
  };
}

/** What a store holds after the commits. */
function createStored() {
  const values = new Map<string, Buffer>();
  return {
    values,
    note(changes: readonly (readonly [string, unknown])[]) {
      for (const [key, value] of changes) {
        if (value === null) values.delete(key);
        else values.set(key, serialize(value));
      }
    },
    entries: () => [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, deserialize(value)] as const),
  };
}

interface Event {
  readonly id: number;
  /** Event time, of the watermark or ahead of it, ms. */
  readonly ahead: number;
  readonly advance: number;
  /** What happens before it; ids are asked for together up to the next one. */
  readonly act: 'nothing' | 'batch' | 'commit' | 'restart';
}

const event: fc.Arbitrary<Event> = fc.record({
  id: fc.integer({ min: 0, max: 30 }),
  ahead: fc.oneof(fc.integer({ min: -100, max: 300 }), fc.integer({ min: -2, max: 2 }), fc.constantFrom(-50_000, 2 ** 32, 40 * 86_400_000)),
  advance: fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(0, 0, 5_000, 60 * 86_400_000)),
  act: fc.constantFrom('nothing', 'nothing', 'nothing', 'nothing', 'batch', 'commit', 'restart'),
});

/** Those between two acts. */
function batchesOf(events: readonly Event[]): Event[][] {
  const batches: Event[][] = [];
  for (const one of events) {
    if (one.act === 'nothing' && batches.length > 0) batches.at(-1)!.push(one);
    else batches.push([one]);
  }
  return batches;
}

for (const [name, openTable] of Object.entries(TABLES)) {
  test(`${name}: remembers exactly what a plain map remembers, through commits, restarts, jumps of time and the limit`, () => {
    const config = fc.record({
      dedupMs: fc.constantFrom(1, 2, 37, 100, 5_000, 100 * 86_400_000),
      maxIds: fc.constantFrom(1, 5, 20, 1_000),
      whole: fc.boolean(),
      crowded: fc.boolean(),
      // Times far ahead do not fit into a word.
      far: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), config, (events, one) => {
        const model = createModel(one);
        const stored = createStored();
        const open = () => createIdMemory(one, one.whole ? undefined : openTable());
        let memory = open();
        let chunks = createIdChunks();
        let watermark = -Infinity;
        let noted = memory.limit.state();
        const commit = () => {
          stored.note(chunks.take(memory.takeNew(watermark), (time) => memory.limit.isNeeded(time, watermark)));
          noted = memory.limit.state();
        };
        for (const batch of batchesOf(events)) {
          const { act } = batch[0]!;
          if (act === 'commit' || act === 'restart') commit();
          if (act === 'restart') {
            memory = open();
            chunks = createIdChunks();
            memory.limit.restore(noted);
            memory.restore(chunks.restore(stored.entries()), watermark);
          }
          memory.expect(
            columnsOf(
              batch.map(({ id }) => `id-${id}`),
              one.crowded,
            ),
            0,
            batch.length,
            { watermark },
          );
          for (const [i, { id, ahead, advance }] of batch.entries()) {
            watermark = Math.max(watermark, START) + advance;
            const time = Math.max(0, watermark + (one.far ? ahead : ahead % 1_000));
            const expected = model.remembers(`id-${id}`, watermark);
            assert.equal(memory.remembers(i, { watermark }), expected);
            // What is late, say, is not remembered.
            if (expected || ahead % 7 === 0) continue;
            model.remember(`id-${id}`, time, watermark);
            memory.remember(i, timesOf(i, time), { watermark });
            assert.equal(memory.limit.forgotten, model.forgotten());
          }
        }
        const { remembers } = asking(memory, (id) => columnsOf([id], one.crowded));
        for (let id = 0; id <= 30; id++)
          if (watermark > 0) assert.equal(remembers(`id-${id}`, watermark), model.remembers(`id-${id}`, watermark));
      }),
      { numRuns: 300 },
    );
  });
}

for (const [name, openTable] of Object.entries(TABLES))
  test(`${name}: thousands of ids of one segment, many of them at its end and beginning, grow, expire and come back as in a plain map`, () => {
    const DEDUP_MS = 4_000;
    const ends = fc.constantFrom(1, 0.1, 0.001);
    fc.assert(
      fc.property(fc.integer(), ends, fc.integer({ min: 200, max: 2_000 }), (seed, spread, count) => {
        const random = createRandom(seed);
        const known = new Map<string, number>();
        let memory = createIdMemory({ dedupMs: DEDUP_MS, maxIds: 1e9 }, openTable());
        let chunks = createIdChunks();
        const stored = createStored();
        const ids = Array.from({ length: count }, (_, i): [low: number, high: number] => [
          ((random.below(3) === 0 ? 0 : -1 - random.below(2 ** 32 * spread)) + random.below(2 ** 32 * spread)) >>> 0,
          i,
        ]);
        for (let n = 0; n < 3 * count; n++) {
          // Three turns over the ids in about three times as long as they are remembered.
          const watermark = START + Math.floor((n / count) * DEDUP_MS);
          const [low, high] = ids[random.below(count)]!;
          const key = `${low}/${high}`;
          const isKnown = watermark < (known.get(key) ?? -Infinity) + DEDUP_MS;
          memory.expect({ low: Uint32Array.of(low), high: Uint32Array.of(high) }, 0, 1, { watermark });
          if (memory.remembers(0, { watermark }) !== isKnown) assert.fail(`${key} at ${n}`);
          const time = watermark + random.below(500) - 250;
          if (!isKnown) {
            memory.remember(0, timesOf(0, time), { watermark });
            known.set(key, time);
          }
          if (n % 499 !== 0) continue;
          stored.note(chunks.take(memory.takeNew(watermark), (at) => memory.limit.isNeeded(at, watermark)));
          if (random.below(4) !== 0) continue;
          const noted = memory.limit.state();
          memory = createIdMemory({ dedupMs: DEDUP_MS, maxIds: 1e9 }, openTable());
          chunks = createIdChunks();
          memory.limit.restore(noted);
          memory.restore(chunks.restore(stored.entries()), watermark);
        }
      }),
      { numRuns: 40 },
    );
  });

test('is forgotten at the millisecond, not before and not after', () => {
  const memory = createIdMemory({ dedupMs: 1_000, maxIds: 100 });
  const { remembers, remember } = asking(memory);
  assert.ok(!remembers('a', START));
  remember('a', START + 5, START);
  assert.ok(remembers('a', START + 1_004));
  assert.ok(!remembers('a', START + 1_005));
  remember('b', START + 5, START + 1_005);
  assert.equal(memory.limit.size, 1, 'what is forgotten at once takes no place');
});

/** One id a ms, many asked for at once. */
function run(memory: IdMemory, from: number, count: number): void {
  for (let n = from; n < from + count; n += 1_000) {
    const ids = Array.from({ length: Math.min(1_000, from + count - n) }, (_, i) => `event-${n + i}`);
    memory.expect(columnsOf(ids), 0, ids.length, { watermark: START + n });
    const times = Float64Array.from(ids, (_, i) => START + n + i);
    for (let i = 0; i < ids.length; i++) memory.remember(i, times, { watermark: START + n + i });
  }
}

test('takes at most 16 bytes an id in the steady state, and gives memory back', () => {
  const memory = createIdMemory({ dedupMs: 400_000, maxIds: 6e7 });
  for (let from = 0; from < 650_000; from += 2_000) {
    run(memory, from, 2_000);
    memory.takeNew(START + from + 2_000);
    if (from > 100_000 && from % 50_000 === 0)
      assert.ok(memory.bytes <= memory.limit.size * 17, `${memory.bytes} bytes for ${memory.limit.size} ids`);
  }
  assert.ok(memory.bytes <= memory.limit.size * 16, `${memory.bytes} bytes for ${memory.limit.size} ids`);
  for (const n of [250_001, 400_000, 649_999]) assert.ok(asking(memory).remembers(`event-${n}`, START + 650_000), `id ${n}`);
  assert.ok(!asking(memory).remembers('event-250000', START + 650_000));
  run(memory, 1_039_990, 10);
  for (let commits = 0; commits < 512; commits++) memory.takeNew(START + 1_040_000);
  assert.ok(memory.bytes < 400_000, `${memory.bytes} bytes for 10,000 ids`);
  assert.ok(asking(memory).remembers('event-649999', START + 1_040_000));
});

test('ids remembered for longer than an hour are enough again after as long without a lack', () => {
  const dedupMs = 4 * 3_600_000;
  const memory = createIdMemory({ dedupMs, maxIds: 10 });
  for (let i = 0; i < 20; i++) asking(memory).remember(`id-${i}`, START + i * 60_000, START + i * 60_000);
  const [span] = memory.limit.episodes.spans(START + 2 * dedupMs);
  assert.ok(span!.endedAt! - dedupMs > START + 10 * 60_000, `${span!.endedAt! - START}`);
});

test('a limit forgets the oldest first, counts them, and says when it began and when it was over', () => {
  const memory = createIdMemory({ dedupMs: 512_000, maxIds: 10_000 });
  run(memory, 0, 10_000);
  assert.deepEqual([memory.limit.forgotten, memory.limit.episodes.spans(START + 10_000)], [0, []]);
  run(memory, 10_000, 5_000);
  const { forgotten } = memory.limit;
  assert.ok(forgotten >= 5_000 && forgotten < 6_000, `${forgotten} forgotten`);
  // A step of event time is 512 ms or 1024 ms long here; START need not be at the start of one.
  const [begun] = memory.limit.episodes.spans(START + 15_000);
  assert.ok(begun!.since >= START + 10_000 && begun!.since < START + 11_000);
  assert.equal(begun!.endedAt, undefined);
  const [over] = memory.limit.episodes.spans(START + 3_700_000);
  assert.ok(over!.endedAt! > START + 3_613_000 && over!.endedAt! < START + 3_615_000, 'an hour after the last');
  assert.ok(!asking(memory).remembers('event-4000', START + 15_000));
  assert.ok(asking(memory).remembers('event-6000', START + 15_000));
});

/** Of ids with this hash. */
function same(low: number, high: number, text: string): IdColumns {
  return { low: Uint32Array.of(low), high: Uint32Array.of(high), texts: [text] };
}

test('two ids with the same hash are one by the hash, and two where whole ids are compared', () => {
  for (const whole of [false, true]) {
    const open = () => createIdMemory({ dedupMs: 1_000, maxIds: 100, whole });
    const memory = open();
    const { remembers, remember } = asking(memory, (text) => same(1, 2, text));
    remember('one', START, START);
    assert.equal(remembers('other', START), !whole);
    remember('other', START, START);
    remember('한글', START, START);
    for (const id of ['one', 'other', '한글']) assert.ok(remembers(id, START), id);
    const chunks = createIdChunks();
    const again = open();
    const entries = chunks.take(memory.takeNew(START), () => true).map(([key, value]) => [key, deserialize(serialize(value))] as const);
    again.restore(createIdChunks().restore(entries), START);
    const after = asking(again, (text) => same(1, 2, text));
    for (const id of ['one', 'other', '한글']) assert.ok(after.remembers(id, START), id);
    assert.equal(after.remembers('다른', START), !whole);
  }
});

test('ids that were noted without their text are told apart by their hash', () => {
  const before = createIdMemory({ dedupMs: 1_000, maxIds: 100 });
  asking(before, (text) => same(1, 2, text)).remember('one', START, START);
  const memory = createIdMemory({ dedupMs: 1_000, maxIds: 100, whole: true });
  memory.restore([before.takeNew(START)!], START);
  assert.ok(asking(memory, (text) => same(1, 2, text)).remembers('any', START));
});

test('the last millisecond counts: no id that comes takes the place of one that is remembered still', () => {
  const memories = [
    ...Object.values(TABLES).map((open) => createIdMemory({ dedupMs: 1_000, maxIds: 1e6 }, open())),
    createIdMemory({ dedupMs: 1_000, maxIds: 1e6, whole: true }),
  ];
  for (const memory of memories) {
    // All go to one place first, and on from there.
    const { remembers, remember } = asking(memory, (id) => same(5, Number(id), id));
    for (let n = 0; n < 10; n++) remember(`${n}`, START, START);
    for (let n = 10; n < 12; n++) remember(`${n}`, START + 500, START + 999);
    for (let n = 0; n < 10; n++) assert.ok(remembers(`${n}`, START + 999), `id ${n}`);
    for (let n = 12; n < 1_000; n++) remember(`${n}`, START + 500, START + 1_000);
    for (let n = 0; n < 10; n++) assert.ok(!remembers(`${n}`, START + 1_000), `id ${n}`);
    for (let n = 10; n < 1_000; n++) assert.ok(remembers(`${n}`, START + 1_000), `id ${n}`);
  }
});

for (const [name, openTable] of Object.entries(TABLES)) {
  test(`${name}: nothing is lost or kept too long while it grows and shrinks`, () => {
    const dedupMs = 10_000;
    const memory = createIdMemory({ dedupMs, maxIds: 1e6 }, openTable());
    const times = new Map<string, number>();
    let [asked, seed, most] = [0, 1, 0];
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
      return (seed >>> 8) % below;
    };
    // Ids a ms of event time: up to 100,000 are remembered, then 5,000, then 60,000.
    for (const [until, rate] of [
      [15_000, 10],
      [40_000, 0.5],
      [60_000, 6],
    ] as const) {
      const batch = 250;
      for (let watermark = START + asked; watermark < START + until; watermark += batch / rate) {
        asked = watermark + batch / rate - START;
        const at = Math.floor(watermark);
        const ids = Array.from({ length: batch }, (_, i) => `id-${random(8) === 0 ? random(at - START + 1) : `${at}-${i}`}`);
        const clocks = { watermark: at };
        memory.expect(columnsOf(ids), 0, batch, clocks);
        for (const [i, id] of ids.entries()) {
          const expected = (times.get(id) ?? -Infinity) > at - dedupMs;
          if (memory.remembers(i, clocks) !== expected) assert.fail(`${id} at ${at - START} is ${expected ? 'lost' : 'kept'}`);
          if (expected) continue;
          const time = at + random(100);
          times.set(id, time);
          memory.remember(i, timesOf(i, time), clocks);
        }
        if (random(4) === 0) memory.takeNew(at);
        most = Math.max(most, memory.bytes);
      }
    }
    assert.ok(most > 1_000_000, `${most} bytes at most`);
  });
}

test('what is asked for and not remembered takes no place', () => {
  const memory = createIdMemory({ dedupMs: 1_000, maxIds: 1e6 });
  const { bytes } = memory;
  for (let batch = 0; batch < 100; batch++) {
    const ids = Array.from({ length: 200 }, (_, i) => `event-${batch}-${i}`);
    memory.expect(columnsOf(ids), 0, ids.length, { watermark: START });
    memory.remember(7, timesOf(7, START), { watermark: START });
  }
  assert.equal(memory.bytes, bytes);
  assert.ok(asking(memory).remembers('event-50-7', START) && !asking(memory).remembers('event-50-8', START));
});

test('lines: hashes that fall unevenly take more memory, and nothing is lost', () => {
  const memory = createIdMemory({ dedupMs: 1_000, maxIds: 1e6 });
  const batches = Array.from({ length: 60 }, (_, batch) => {
    const { low, high } = columnsOf(Array.from({ length: 200 }, (_one, i) => `event-${batch}-${i}`));
    return { low, high: high.map((word) => word >>> 3) };
  });
  for (const columns of batches) {
    memory.expect(columns, 0, 200, { watermark: START });
    for (let i = 0; i < 200; i++) {
      assert.ok(!memory.remembers(i, { watermark: START }));
      memory.remember(i, timesOf(i, START), { watermark: START });
    }
  }
  for (const columns of batches) {
    memory.expect(columns, 0, 200, { watermark: START });
    for (let i = 0; i < 200; i++)
      assert.ok(memory.remembers(i, { watermark: START + 999 }) && !memory.remembers(i, { watermark: START + 1_000 }));
  }
});

test('lines: more ids than there is memory for are an error that says what mends it', () => {
  const tooMany = 400e6;
  const seek = () => createIdLines()!.seek(columnsOf(['a']), 0, 1, -Infinity, tooMany);
  assert.throws(seek, { code: 'memory_short', message: /400000000 ids.*max_ids/ });
});

test('lines: memory that ends while some of it is given back is the same error', () => {
  const { RuntimeError } = (globalThis as unknown as { WebAssembly: { RuntimeError: new (message: string) => Error } }).WebAssembly;
  const move = (): never => {
    throw new RuntimeError('unreachable');
  };
  const table = createIdLines((blocks) => ({ ...openIdKernel(blocks)!, move }))!;
  assert.throws(() => table.tidy(-Infinity, 12), { code: 'memory_short', message: /12 ids.*max_ids/ });
});

test('lines: ids that do not fit when it goes to fewer blocks, as their hashes are alike, go to more, and none is lost', () => {
  const table = createIdLines()!;
  const random = createRandom(1, 0);
  const size = 16_000;
  const batches = Array.from({ length: 16 }, () => ({
    low: Uint32Array.from({ length: 1_000 }, () => random.below(2 ** 32)),
    // An eighth of all hashes: in four blocks of 32.
    high: Uint32Array.from({ length: 1_000 }, () => random.below(2 ** 29)),
  }));
  table.seek({ low: new Uint32Array(), high: new Uint32Array() }, 0, 0, -Infinity, 32 * 5_120 * 0.83);
  for (const [batch, ids] of batches.entries()) {
    table.seek(ids, 0, 1_000, START - 1, size);
    for (let i = 0; i < 1_000; i++) table.keep(i, timesOf(i, START + batch), { to: START - 1 });
  }
  for (let round = 0; round < 5; round++) {
    table.tidy(START + round, size);
    for (const [batch, ids] of batches.entries()) {
      table.seek(ids, 0, 1_000, START + round, size);
      for (let i = 0; i < 1_000; i++) {
        if (batch <= round) continue;
        assert.ok(table.has(i, { to: START + batch - 1 }) && !table.has(i, { to: START + batch }));
      }
    }
    assert.ok(table.bytes < 100 * 65_536, `${table.bytes} bytes in round ${round}`);
  }
});
