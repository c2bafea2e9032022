/**
 * The memory of ids: time and bytes an id in the steady state, the longest pause, and how fast a snapshot is taken and put back; the
 * time against a plain `Map` of numbers. `BENCH_IDS=60` (millions) for another size.
 */
import { deserialize, serialize } from 'node:v8';
import { createIdChunks } from '../src/windows/ids/chunks.ts';
import { createIdMemory } from '../src/windows/ids/ids.ts';
import { cpuSeconds, median, report, timesByRound } from './measure.ts';

const IDS = Number(process.env['BENCH_IDS'] ?? 3) * 1e6;
const ROUNDS = IDS > 20e6 ? 1 : 3;
/** Event time: so many ids a ms. */
const RATE = 100;
const DEDUP_MS = IDS / RATE;
const START = 1_700_000_000_000;
const COMMIT_IDS = 50_000;
/** Ids that are asked for together. */
const BATCH = 250;
const BYTES_MAX = 16;
const PAUSE_MAX_MS = 50;
const RESTORED_PER_S_MIN = 5e6;

/** Hashes, without the time that they take: 64 bits spread like those of ids. */
function createHashes() {
  const result = { low: 0, high: 0 };
  let state = 1;
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    const again = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (again ^ (again >>> 15)) >>> 0;
  };
  return () => {
    result.low = next();
    result.high = next();
    return result;
  };
}

function mapSeconds(count: number): number {
  const map = new Map<number, number>();
  const next = createHashes();
  return cpuSeconds(() => {
    for (let i = 0; i < count; i++) {
      const { low, high } = next();
      const key = (low & 0x1fffff) * 4_294_967_296 + high;
      if (!map.has(key)) map.set(key, i);
    }
  });
}

interface Round {
  readonly bytes: number;
  readonly remembered: number;
  /** Beyond what the process had before, while ids come and go. */
  readonly residentBytes: number;
  readonly growingS: number;
  readonly steadyS: number;
  readonly committingS: number;
  readonly mapS: number;
  readonly pauseMs: number;
  readonly chunks: number;
  readonly writtenIds: number;
  readonly restoredPerS: number;
}

function runRound(): Round {
  const residentBefore = process.memoryUsage.rss();
  const memory = createIdMemory({ dedupMs: DEDUP_MS, maxIds: 2e8 });
  const chunks = createIdChunks();
  const stored = new Map<string, Buffer>();
  const hash = createHashes();
  let seen = 0;
  let watermark = -Infinity;
  let pauseMs = 0;
  let writtenIds = 0;

  function timed<T>(run: () => T): T {
    // Of this thread alone: what the machine does besides is no pause of ours.
    const before = process.threadCpuUsage();
    const result = run();
    const { user, system } = process.threadCpuUsage(before);
    pauseMs = Math.max(pauseMs, (user + system) / 1_000);
    return result;
  }

  /** As a commit does. */
  function commit(): void {
    const changes = timed(() => chunks.take(memory.takeNew(watermark), (time) => memory.limit.isNeeded(time, watermark)));
    for (const [key, value] of changes) {
      if (value === null) stored.delete(key);
      else stored.set(key, serialize(value));
      writtenIds += value === null ? 0 : (value as { words: Uint32Array }).words.length / 3;
    }
  }

  const columns = { low: new Uint32Array(BATCH), high: new Uint32Array(BATCH) };
  const times = new Float64Array(BATCH);
  const clocks = { watermark };

  function rememberBatch(): void {
    for (let i = 0; i < BATCH; i++) {
      const { low, high } = hash();
      columns.low[i] = low;
      columns.high[i] = high;
    }
    clocks.watermark = watermark;
    memory.expect(columns, 0, BATCH, clocks);
    for (let i = 0; i < BATCH; i++, seen++) {
      times[i] = START + Math.floor(seen / RATE);
      if (!memory.remembers(i, clocks)) memory.remember(i, times, clocks);
      clocks.watermark = times[i]!;
    }
    watermark = clocks.watermark;
  }

  function rememberAll(count: number, isCommitting: boolean): void {
    for (let done = 0; done < count; done += COMMIT_IDS) {
      for (let part = 0; part < COMMIT_IDS; part += BATCH) timed(rememberBatch);
      if (isCommitting) commit();
      else memory.takeNew(watermark);
    }
  }

  const growingS = cpuSeconds(() => rememberAll(IDS, false));
  rememberAll(IDS, false);
  pauseMs = 0;
  const steadyS = cpuSeconds(() => rememberAll(IDS / 2, false));
  const residentBytes = process.memoryUsage.rss() - residentBefore;
  // From here on all that is remembered is committed too.
  writtenIds = 0;
  const committingS = cpuSeconds(() => rememberAll(IDS * 1.02, true));
  const { bytes, limit } = memory;
  const entries = [...stored].sort(([a], [b]) => (a < b ? -1 : 1));
  const again = createIdMemory({ dedupMs: DEDUP_MS, maxIds: 2e8 });
  const restoring = cpuSeconds(() =>
    again.restore(createIdChunks().restore(entries.map(([key, value]): [string, unknown] => [key, deserialize(value)])), watermark),
  );
  const mapped = Math.min(IDS, 10e6);
  return {
    bytes,
    remembered: limit.size,
    residentBytes,
    growingS,
    steadyS,
    committingS,
    pauseMs,
    writtenIds,
    chunks: stored.size,
    mapS: (mapSeconds(mapped) / mapped) * IDS,
    restoredPerS: again.limit.size / restoring,
  };
}

const rounds = Array.from({ length: ROUNDS }, () => {
  globalThis.gc?.();
  return runRound();
});
const of = (value: (round: Round) => number): number => median(rounds.map(value));
const [first] = rounds;

report('ids', {
  rows: [
    {
      name: `${IDS / 1e6} M ids`,
      bytesPerId: Number(of(({ bytes, remembered }) => bytes / remembered).toFixed(2)),
      residentMb: Math.round(first!.residentBytes / 1e6),
      growingNs: Math.round((of(({ growingS }) => growingS) / IDS) * 1e9),
      steadyNs: Math.round((of(({ steadyS }) => steadyS) / (IDS / 2)) * 1e9),
      committingNs: Math.round((of(({ committingS }) => committingS) / (IDS * 1.02)) * 1e9),
      mapNs: Math.round((of(({ mapS }) => mapS) / IDS) * 1e9),
      pauseMs: Number(of(({ pauseMs }) => pauseMs).toFixed(1)),
      chunks: of(({ chunks }) => chunks),
      writes: Number(of(({ writtenIds }) => writtenIds / (IDS * 1.02)).toFixed(2)),
      restoredPerS: Math.round(of(({ restoredPerS }) => restoredPerS)),
    },
  ],
  ratios: {
    againstMap: timesByRound(
      rounds.map(({ steadyS }) => 2 * steadyS),
      rounds.map(({ mapS }) => mapS),
    ),
    bytes: rounds.map(({ bytes, remembered }) => bytes / remembered / BYTES_MAX),
    pause: rounds.map(({ pauseMs }) => pauseMs / PAUSE_MAX_MS),
    restore: rounds.map(({ restoredPerS }) => RESTORED_PER_S_MIN / restoredPerS),
  },
  isLessBetter: true,
  bar: { ratio: 'bytes', most: 1 },
});
