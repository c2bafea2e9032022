/**
 * Dead letters sent in again, of one input partition. They are not late and not of the future; the id is held against those
 * remembered and those already replayed; what is accepted counts in panes of its own, and an origin counts once: as its copy, or
 * where the partition itself accepted it, as it did when everything was read again with a mended schema.
 */
import { ACCEPTED, INVALID, type Outcome } from '../core/outcome.ts';
import { keyAt } from '../log/batch.ts';
import type { RecordBatch } from '../log/log.ts';
import { createAccepted } from './accepted.ts';
import type { Columns, Decoder } from './decode/columns.ts';
import type { CopiedOrigins } from './copied-origins.ts';
import type { IdMemory } from './ids/ids.ts';
import { createPaneStore, type PanePartial, type PaneStore } from './panes.ts';
import { earliestStart, type Plan } from './plan.ts';
import { createSeriesTable } from './series.ts';

/** What became of a dead letter that was sent in again. */
export interface ReplayVerdict {
  readonly outcome: Extract<Outcome, 'accepted' | 'duplicate' | 'invalid' | 'ignored'>;
  readonly reason?: string;
  /** Hash of the id of an accepted one. */
  readonly id?: readonly [low: number, high: number];
  /** Of an accepted one, where whole ids are compared. */
  readonly wholeId?: string;
  /** Append time of the replay, epoch ms: verdicts are kept as long as the topic. */
  readonly at: number;
}

export interface Replay {
  /** Judges records of `p.replay`; those whose origin was accepted, or a duplicate, change nothing. */
  process(batch: RecordBatch, watermark: number): void;
  takeChangedPanes(): PanePartial[];
  /** Verdicts since the last call, by origin; null: forgotten. */
  takeVerdicts(): [origin: string, verdict: ReplayVerdict | null][];
  /** Of an earlier life, the oldest first. */
  restoreVerdict(origin: string, verdict: ReplayVerdict): void;
  readonly panes: PaneStore;
  /** Segments in panes of an earlier life have their places still: panes of replays are kept. */
  restorePlaces(panes: readonly PanePartial[]): void;
  /** Accepted replays. */
  readonly replayed: number;
}

export interface ReplayConfig {
  readonly plan: Plan;
  /** Prefix of the keys that are this partition's; the others belong to another source's partition of the same number. */
  readonly origins: string;
  /** Windows that begin before it belong to an older revision, which nothing can be added to; epoch ms. */
  readonly completeFrom: number;
}

export interface ReplayDeps {
  readonly decoder: Decoder;
  readonly ids: IdMemory;
  readonly copied: Pick<CopiedOrigins, 'isSettled' | 'judged'>;
}

/** Verdicts are kept as long as the replay topic. */
const VERDICTS_KEPT_MS = 30 * 86_400_000;

export function createReplay({ plan, origins, completeFrom }: ReplayConfig, { decoder, ids, copied }: ReplayDeps): Replay {
  // A series table of its own: a replay must not use up the limit of what comes in for the first time. Its quarters never change.
  const series = createSeriesTable(plan, decoder);
  const panes = createPaneStore(plan, series);
  /** In the order in which they were judged. */
  const verdicts = new Map<string, ReplayVerdict>();
  /** By id the append time of its last replay. */
  const replayedIds = new Map<string, number>();
  const accepted = createAccepted(plan.groupings.length, { series, panes, overflow: { note: () => {} } });
  let fresh: [string, ReplayVerdict | null][] = [];
  let replayed = 0;

  function remember(origin: string, verdict: ReplayVerdict): void {
    // One that was judged again is as young as its last verdict.
    verdicts.delete(origin);
    verdicts.set(origin, verdict);
    if (verdict.outcome === 'accepted') replayed++;
    if (verdict.id) replayedIds.set(idName(verdict.id, verdict.wholeId), verdict.at);
  }

  /** As of each replay, not of each commit or start: what is remembered follows from the records. */
  function forget(before: number): void {
    for (const [origin, { at, id, wholeId }] of verdicts) {
      if (at >= before) return;
      verdicts.delete(origin);
      if (id && replayedIds.get(idName(id, wholeId)) === at) replayedIds.delete(idName(id, wholeId));
      fresh.push([origin, null]);
    }
  }

  /** Of an id whose text was not kept the hash has to do. */
  function isReplayed(id: readonly [number, number], wholeId: string | undefined): boolean {
    return replayedIds.has(idName(id, wholeId)) || (wholeId !== undefined && replayedIds.has(idName(id, undefined)));
  }

  /** What was refused before may be sent in again when it, or the schema, was mended; what counted or was a copy may not. */
  function isSettled(verdict: ReplayVerdict | undefined): boolean {
    return verdict?.outcome === 'accepted' || verdict?.outcome === 'duplicate';
  }

  function isRemembered(columns: Columns, i: number, watermark: number): boolean {
    if (columns.ids === undefined) return false;
    ids.expect(columns.ids, i, i + 1, { watermark });
    return ids.remembers(i, { watermark });
  }

  return {
    panes,
    restorePlaces(restored) {
      for (const { cells } of restored) for (const { labels } of cells[0]!) series.restorePlace(0, labels);
    },
    get replayed() {
      return replayed;
    },
    restoreVerdict: remember,
    process(batch, watermark) {
      const columns = decoder.decode(batch);
      accepted.begin(columns, batch.count, batch.firstOffset);
      for (let i = 0; i < batch.count; i++) {
        const origin = Buffer.from(keyAt(batch, i) ?? []).toString();
        const at = batch.appendTimes[i]!;
        forget(at - VERDICTS_KEPT_MS);
        if (!origin.startsWith(origins) || isSettled(verdicts.get(origin))) continue;
        const id = columns.ids && ([columns.ids.low[i]!, columns.ids.high[i]!] as const);
        const wholeId = columns.ids?.texts?.[i];
        const offset = Number(origin.slice(origins.length));
        let verdict: ReplayVerdict;
        if (copied.isSettled(offset)) verdict = { outcome: 'duplicate', at };
        else if (columns.outcomes[i] === INVALID) verdict = { outcome: 'invalid', reason: columns.reasons.get(i)!, at };
        else if (columns.outcomes[i] !== ACCEPTED) verdict = { outcome: 'ignored', at };
        else if (earliestStart(plan.windows, columns.times[i]!) < completeFrom)
          verdict = { outcome: 'invalid', reason: 'older_revision', at };
        else if (id && (isRemembered(columns, i, watermark) || isReplayed(id, wholeId))) verdict = { outcome: 'duplicate', at };
        else {
          verdict = { outcome: 'accepted', at, ...(id && { id }), ...(wholeId !== undefined && { wholeId }) };
          accepted.note(i, { watermark });
        }
        remember(origin, verdict);
        copied.judged(offset);
        fresh.push([origin, verdict]);
      }
      accepted.add();
    },
    takeChangedPanes: () => panes.takeChanged(),
    takeVerdicts() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
  };
}

function idName([low, high]: readonly [number, number], wholeId: string | undefined): string {
  return wholeId === undefined ? `${low},${high}` : `=${wholeId}`;
}
