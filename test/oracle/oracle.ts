/**
 * The naive batch oracle: what must become of every record and what every window must hold, computed from whole inputs
 * with no thought for speed. It shares the contracts with the engine and no code.
 */
import { noOutcomes, type OutcomeCounts } from '../../src/core/outcome.ts';
import type { EngineSpec } from '../../src/windows/spec.ts';
import { judgePartition, type ClockKind, type OracleReplay, type PartitionJudgement, type Verdict } from './outcomes.ts';
import type { OracleRecord } from './record.ts';
import { windowRows, type OracleRow } from './windows.ts';

export interface JudgeOptions {
  /** `event`: the log has no append times (files, `--once`). */
  readonly clock: ClockKind;
  /** By source index, then partition, in the order in which they were sent. */
  readonly replays?: readonly (readonly (readonly OracleReplay[])[])[];
}

export interface Judgement {
  /** By source index, partition, offset. */
  readonly verdicts: readonly (readonly (readonly Verdict[])[])[];
  readonly replayVerdicts: readonly (readonly (readonly Verdict[])[])[];
  /** Of all raw records. */
  readonly counts: OutcomeCounts;
  /** By source index and partition, epoch ms; -Infinity where nothing was accepted. */
  readonly watermarks: readonly (readonly number[])[];
  /** Main rows by start, end, window, labels; then the rows of origin `replay` in the same order. */
  readonly rows: readonly OracleRow[];
}

/** `records`: by source index, then partition, in offset order from 0. A partition left out has no records. */
export function judge(spec: EngineSpec, records: readonly (readonly (readonly OracleRecord[])[])[], options: JudgeOptions): Judgement {
  const judged: PartitionJudgement[][] = spec.sources.map((source, s) => {
    return Array.from({ length: source.partitions }, (_, p) => {
      const replays = options.replays?.[s]?.[p] ?? [];
      return judgePartition(source, spec, records[s]?.[p] ?? [], options.clock, replays);
    });
  });
  const partitions = (field: 'accepted' | 'replayed') => {
    return spec.sources.flatMap((source, s) => {
      return (judged[s] ?? []).map((partition, p) => {
        const marks = field === 'accepted' ? partition.marks : [];
        return { source: source.name, name: `${source.topic}/${p}`, watermark: partition.watermark, accepted: partition[field], marks };
      });
    });
  };
  const counts = noOutcomes();
  for (const { verdicts } of judged.flat()) for (const { outcome } of verdicts) counts[outcome] += 1;
  return {
    verdicts: judged.map((source) => source.map(({ verdicts }) => verdicts)),
    replayVerdicts: judged.map((source) => source.map(({ replayVerdicts }) => replayVerdicts)),
    counts,
    watermarks: judged.map((source) => source.map(({ watermark }) => watermark)),
    rows: [...windowRows(spec, partitions('accepted'), ''), ...windowRows(spec, partitions('replayed'), 'replay')],
  };
}
