/** Random cases for the engine: a pipeline, what stands in its topics, and what is sent in again. */
import { fc } from '../support/fast-check.ts';
import { originKey } from '../../src/dead-letter/dead-letter.ts';
import type { EngineSpec } from '../../src/windows/spec.ts';
import { judge } from '../oracle/oracle.ts';
import type { ClockKind, OracleReplay } from '../oracle/outcomes.ts';
import type { OracleRecord } from '../oracle/record.ts';
import { recordsOf, step, type Step } from './record-arbitrary.ts';
import { engineSpec } from './spec-arbitrary.ts';

export interface Scenario {
  readonly spec: EngineSpec;
  readonly clock: ClockKind;
  /** By source index, partition, offset. */
  readonly records: readonly (readonly (readonly OracleRecord[])[])[];
  /** Dead letters of these records, some mended, some sent twice; by source index and partition, ascending by `afterOffset`. */
  readonly replays: readonly (readonly (readonly OracleReplay[])[])[];
}

export interface ScenarioOptions {
  /** At most so many records per partition; default 50. */
  readonly maxRecords?: number;
  /** Without: no replays. */
  readonly replays?: boolean;
  /** One clock only; default: either. */
  readonly clock?: ClockKind;
  /** Records lie up to two days apart, here and there: segments give their places back. */
  readonly leaps?: boolean;
}

const START_MS = Date.UTC(2026, 2, 2, 9, 58);
const MAX_SOURCES = 3;
const MAX_PARTITIONS = 3;

const stream = (maxRecords: number) => {
  return fc.record({
    startMs: fc.integer({ min: 0, max: 30_000 }),
    steps: fc.oneof(
      { weight: 9, arbitrary: fc.array(step, { minLength: Math.ceil(maxRecords / 3), maxLength: maxRecords, size: 'max' }) },
      { weight: 1, arbitrary: fc.array(step, { maxLength: 3 }) },
    ),
    /** Which dead letters are sent again: by turns, each a number to choose what becomes of it. */
    replayPicks: fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
  });
};

export function scenario(options: ScenarioOptions = {}): fc.Arbitrary<Scenario> {
  const streams = fc.array(stream(options.maxRecords ?? 50), {
    minLength: MAX_SOURCES * MAX_PARTITIONS,
    maxLength: MAX_SOURCES * MAX_PARTITIONS,
  });
  const clock = options.clock === undefined ? fc.constantFrom<ClockKind>('event', 'append') : fc.constant(options.clock);
  return fc.record({ spec: engineSpec, clock, streams }).map((drawn) => {
    const streamOf = (s: number, p: number) => drawn.streams[s * MAX_PARTITIONS + p]!;
    const records = drawn.spec.sources.map((source, s) => {
      return Array.from({ length: source.partitions }, (_, p) => {
        const { startMs, steps } = streamOf(s, p);
        return recordsOf(source, drawn.clock, START_MS + startMs, options.leaps === true ? steps.map(leaping) : steps);
      });
    });
    const judged = { spec: drawn.spec, clock: drawn.clock, records };
    const none = records.map((partitions) => partitions.map(() => []));
    return { ...judged, replays: options.replays === false ? none : replaysOf(judged, (s, p) => streamOf(s, p).replayPicks) };
  });
}

/** Scenarios with leaps among others. */
export function anyScenario(options: ScenarioOptions = {}): fc.Arbitrary<Scenario> {
  return fc.oneof(scenario(options), scenario({ ...options, leaps: true }));
}

function leaping(one: Step): Step {
  return one.pick[3] % 8 === 0 ? { ...one, gapMs: one.gapMs + (one.pick[2] % 48) * 3_600_000 } : one;
}

function replaysOf(judged: Omit<Scenario, 'replays'>, picksOf: (s: number, p: number) => readonly number[]): OracleReplay[][][] {
  const { spec, records, clock } = judged;
  const { verdicts } = judge(spec, records, { clock });
  return spec.sources.map((source, s) => {
    return (verdicts[s] ?? []).map((ofPartition, p) => {
      const picks = picksOf(s, p);
      const mine = records[s]?.[p] ?? [];
      const wellFormed = mine.filter((_, offset) => ['accepted', 'late'].includes(ofPartition[offset]?.outcome ?? ''));
      const replays = ofPartition.flatMap((verdict, offset) => {
        const dead = mine[offset];
        const pick = picks[offset % picks.length] ?? 0;
        if (!dead || !['late', 'invalid'].includes(verdict.outcome) || pick % 4 === 0) return [];
        // A mended record is some other one's text: at times with an id that is known, at times of an event that was late itself.
        const mended = pick % 4 === 1 ? wellFormed[pick % Math.max(1, wellFormed.length)]?.bytes : undefined;
        const afterOffset = offset + 1 + (pick % 20);
        const replay = { key: originKey(source.topic, p, offset), bytes: mended ?? dead.bytes, appendTime: dead.appendTime, afterOffset };
        return pick % 3 === 0 ? [replay, { ...replay, afterOffset: afterOffset + 5 }] : [replay];
      });
      return replays.sort((a, b) => a.afterOffset - b.afterOffset);
    });
  });
}
