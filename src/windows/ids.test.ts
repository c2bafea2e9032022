import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { createRandom } from '../core/random.ts';
import { createIdChunks } from './id-chunks.ts';
import { createIdHasher } from './id-hash.ts';
import { createIdMemory, type IdMemory, type IdMemoryConfig } from './ids.ts';

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
function asking(memory: IdMemory, crowded = false) {
  const hash = (id: string): [low: number, high: number] => {
    const { low, high } = HASHER.hash(id);
    return crowded ? [(low & 0xe0000000) >>> 0, high >>> 8] : [low, high];
  };
  return {
    remembers: (id: string, watermark: number) => memory.remembers(...hash(id), watermark, id),
    remember: (id: string, time: number, watermark: number) => memory.remember(...hash(id), time, watermark, id),
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
  /** What happens before it. */
  readonly act: 'nothing' | 'commit' | 'restart';
}

const event: fc.Arbitrary<Event> = fc.record({
  id: fc.integer({ min: 0, max: 30 }),
  ahead: fc.oneof(fc.integer({ min: -100, max: 300 }), fc.integer({ min: -2, max: 2 }), fc.constantFrom(-50_000, 2 ** 32, 40 * 86_400_000)),
  advance: fc.oneof(fc.nat({ max: 20 }), fc.constantFrom(0, 0, 5_000, 60 * 86_400_000)),
  act: fc.constantFrom('nothing', 'nothing', 'nothing', 'commit', 'restart'),
});

test('remembers exactly what a plain map remembers, through commits, restarts, jumps of time and the limit', () => {
  const config = fc.record({
    dedupMs: fc.constantFrom(1, 2, 37, 100, 5_000, 100 * 86_400_000),
    maxIds: fc.constantFrom(1, 5, 20, 1_000),
    whole: fc.boolean(),
    crowded: fc.boolean(),
    // Times far ahead make places wider.
    far: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), config, (events, one) => {
      const model = createModel(one);
      const stored = createStored();
      let memory = createIdMemory(one);
      let chunks = createIdChunks();
      let watermark = -Infinity;
      let noted = memory.limit.state();
      const commit = () => {
        stored.note(chunks.take(memory.takeNew(watermark), (time) => memory.limit.isNeeded(time, watermark)));
        noted = memory.limit.state();
      };
      for (const { id, ahead, advance, act } of events) {
        if (act !== 'nothing') commit();
        if (act === 'restart') {
          memory = createIdMemory(one);
          chunks = createIdChunks();
          memory.limit.restore(noted, { maxTime: watermark, watermark });
          memory.restore(chunks.restore(stored.entries()), watermark);
        }
        watermark = Math.max(watermark, START) + advance;
        const time = Math.max(0, watermark + (one.far ? ahead : ahead % 1_000));
        const asked = asking(memory, one.crowded);
        const expected = model.remembers(`id-${id}`, watermark);
        assert.equal(asked.remembers(`id-${id}`, watermark), expected);
        if (expected) continue;
        model.remember(`id-${id}`, time, watermark);
        asked.remember(`id-${id}`, time, watermark);
        assert.equal(memory.limit.forgotten, model.forgotten());
      }
      for (let id = 0; id <= 30; id++)
        assert.equal(asking(memory, one.crowded).remembers(`id-${id}`, watermark), model.remembers(`id-${id}`, watermark));
    }),
    { numRuns: 300 },
  );
});

test('thousands of ids of one segment, many of them at its end and beginning, grow, expire and come back as in a plain map', () => {
  const DEDUP_MS = 4_000;
  const ends = fc.constantFrom(1, 0.1, 0.001);
  fc.assert(
    fc.property(fc.integer(), ends, fc.integer({ min: 200, max: 2_000 }), (seed, spread, count) => {
      const random = createRandom(seed);
      const known = new Map<string, number>();
      let memory = createIdMemory({ dedupMs: DEDUP_MS, maxIds: 1e9 });
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
        if (memory.remembers(low, high, watermark) !== isKnown) assert.fail(`${key} at ${n}`);
        const time = watermark + random.below(500) - 250;
        if (!isKnown) {
          memory.remember(low, high, time, watermark);
          known.set(key, time);
        }
        if (n % 499 !== 0) continue;
        stored.note(chunks.take(memory.takeNew(watermark), (at) => memory.limit.isNeeded(at, watermark)));
        if (random.below(4) !== 0) continue;
        const noted = memory.limit.state();
        memory = createIdMemory({ dedupMs: DEDUP_MS, maxIds: 1e9 });
        chunks = createIdChunks();
        memory.limit.restore(noted, { maxTime: watermark, watermark });
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

/** One id a ms; asks for the last thousand and remembers the next. */
function run(memory: IdMemory, from: number, count: number): void {
  for (let n = from; n < from + count; n++) asking(memory).remember(`event-${n}`, START + n, START + n);
}

test('takes at most 16 bytes an id in the steady state, and gives memory back', () => {
  const memory = createIdMemory({ dedupMs: 200_000, maxIds: 1e9 });
  for (let from = 0; from < 800_000; from += 2_000) {
    run(memory, from, 2_000);
    memory.takeNew(START + from + 2_000);
  }
  assert.ok(memory.bytes <= memory.limit.size * 16, `${memory.bytes} bytes for ${memory.limit.size} ids`);
  for (const n of [600_001, 700_000, 799_999]) assert.ok(asking(memory).remembers(`event-${n}`, START + 800_000), `id ${n}`);
  assert.ok(!asking(memory).remembers('event-600000', START + 800_000));
  for (let commits = 0; commits < 512; commits++) memory.takeNew(START + 990_000);
  assert.ok(memory.bytes < 400_000, `${memory.bytes} bytes for 10,000 ids`);
  assert.ok(asking(memory).remembers('event-799999', START + 990_000));
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

test('two ids with the same hash are one by the hash, and two where whole ids are compared', () => {
  for (const whole of [false, true]) {
    const memory = createIdMemory({ dedupMs: 1_000, maxIds: 100, whole });
    memory.remember(1, 2, START, START, 'one');
    assert.equal(memory.remembers(1, 2, START, 'other'), !whole);
    memory.remember(1, 2, START, START, 'other');
    memory.remember(1, 2, START, START, '한글');
    for (const id of ['one', 'other', '한글']) assert.ok(memory.remembers(1, 2, START, id), id);
    const chunks = createIdChunks();
    const again = createIdMemory({ dedupMs: 1_000, maxIds: 100, whole });
    const entries = chunks.take(memory.takeNew(START), () => true).map(([key, value]) => [key, deserialize(serialize(value))] as const);
    again.restore(createIdChunks().restore(entries), START);
    for (const id of ['one', 'other', '한글']) assert.ok(again.remembers(1, 2, START, id), id);
    assert.equal(again.remembers(1, 2, START, '다른'), !whole);
  }
});

test('ids that were noted without their text are told apart by their hash', () => {
  const before = createIdMemory({ dedupMs: 1_000, maxIds: 100 });
  before.remember(1, 2, START, START);
  const memory = createIdMemory({ dedupMs: 1_000, maxIds: 100, whole: true });
  memory.restore([before.takeNew(START)!], START);
  assert.ok(memory.remembers(1, 2, START, 'any'));
});

test('the last millisecond counts: no id that comes takes the place of one that is remembered still', () => {
  for (const whole of [false, true]) {
    const memory = createIdMemory({ dedupMs: 1_000, maxIds: 1e6, whole });
    // All go to one place first, and on from there.
    for (let n = 0; n < 10; n++) memory.remember(5, n, START, START, `old-${n}`);
    for (let n = 10; n < 12; n++) memory.remember(5, n, START + 500, START + 999, `new-${n}`);
    for (let n = 0; n < 10; n++) assert.ok(memory.remembers(5, n, START + 999, `old-${n}`), `id ${n}`);
    for (let n = 12; n < 1_000; n++) memory.remember(5, n, START + 500, START + 1_000, `new-${n}`);
    for (let n = 0; n < 10; n++) assert.ok(!memory.remembers(5, n, START + 1_000, `old-${n}`), `id ${n}`);
    for (let n = 10; n < 1_000; n++) assert.ok(memory.remembers(5, n, START + 1_000, `new-${n}`), `id ${n}`);
  }
});
