/**
 * The revision of a pipeline whose stages commit one by one. The monitor's ledger says which one counts; each partition follows when it is
 * opened next, and what an owner of an older one still tells is passed over.
 */
import { AppError } from '../core/errors.ts';
import type { Log, StateChange } from '../log/log.ts';
import type { ClockMode } from '../windows/partition.ts';
import { REVISION_MAX } from '../windows/row-version.ts';
import { statePrefix } from './aggregate/aggregate.ts';
import { completeFrom, newestCounted } from './complete-from.ts';
import { mergeStatePrefix } from './engine.ts';
import {
  offsetsFrom,
  partitionClearing,
  readAnewBy,
  readingOf,
  recordedRevisions,
  refuseMoved,
  revisionRefusal,
  startingAt,
  type PipelineInput,
  type RevisionChoice,
  type Revisions,
  type StageHashes,
} from './revision.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';

export interface StageRevision extends Revisions {
  /** How this revision began; `same`: with the pipeline. */
  readonly kind: RevisionChoice['kind'];
  /** Where each input partition (`ad-events/0`) is read from, where that was chosen. */
  readonly offsets: Readonly<Record<string, number>>;
  /** When it was settled, epoch ms: a choice is made once, not again by each process that was started with it. */
  readonly at: number;
}

export interface SettleDeps {
  /** The monitor's ledger. */
  readonly log: Log;
  /** The view of a partition's ledger that changes nothing. */
  readonly readPartition: (input: PipelineInput) => Promise<Log>;
  /** When this process was started, and now; epoch ms. */
  readonly startedAt: number;
  readonly now: number;
  /** Which time tells delays. Default: of arrival. */
  readonly clock?: ClockMode;
}

/** @throws AppError `revision_changed` when the windows stage changed and `choice` does not say what to do, and as of `completeFrom` */
export async function settleStageRevision(
  pipeline: string,
  hashes: StageHashes,
  inputs: readonly PipelineInput[],
  choice: RevisionChoice,
  { log, readPartition, startedAt, now, clock = 'append' }: SettleDeps,
): Promise<StageRevision> {
  const recorded = (await recordedRevisions(log, pipeline)) as StageRevision | undefined;
  const changed = recorded !== undefined && recorded.windows.hash !== hashes.windows;
  if (changed && choice.kind === 'same') throw revisionRefusal(pipeline, recorded, hashes);
  if (changed && choice.kind === 'from') refuseMoved(pipeline, recorded, hashes);
  const isDue = choice.kind === 'from' && (recorded === undefined || recorded.at < startedAt);
  if (recorded?.windows.parts && !changed && !isDue && recorded.detect.hash === hashes.detect) return recorded;
  const anew = recorded !== undefined && (changed || isDue);
  const counter = (recorded?.windows.counter ?? 1) + (anew ? 1 : 0);
  if (counter > REVISION_MAX) throw new AppError('revision_changed', `pipeline ${pipeline}: ${REVISION_MAX} revisions are the most.`);
  const detect = {
    counter: (recorded?.detect.counter ?? 1) + (recorded && recorded.detect.hash !== hashes.detect ? 1 : 0),
    hash: hashes.detect,
  };
  const offsets = choice.kind === 'from' ? await offsetsFrom(log, inputs, choice.from) : {};
  const settled: StageRevision =
    recorded && !anew
      ? { ...recorded, windows: { ...recorded.windows, parts: hashes.parts }, detect }
      : {
          windows: { counter, hash: hashes.windows, parts: hashes.parts },
          detect,
          kind: anew || choice.kind === 'from' ? choice.kind : 'same',
          completeFrom: anew
            ? await completeFrom(log, countedBy({ readPartition, now }, pipeline, inputs), {
                ...readingOf(pipeline, choice, offsets, recorded),
                clock,
              })
            : -Infinity,
          offsets,
          at: now,
          ...readAnewBy(recorded, counter, anew && choice.kind === 'from' ? offsets : undefined),
        };
  await log.commit({
    state: [...(anew ? await clearing(log, pipeline) : []), ...toStateChanges('revision/', [[pipeline, settled]])],
  });
  return settled;
}

/** Brings a partition, on its own ledger, to the revision that counts; before it is opened. */
export async function followRevision(log: Log, pipeline: string, input: PipelineInput, settled: StageRevision): Promise<void> {
  const { name } = input;
  const key = `${pipeline}/${name}`;
  const before = fromStateEntries(FOLLOWED, await log.state(FOLLOWED + key)).find(([found]) => found === key)?.[1] as number | undefined;
  const { counter } = settled.windows;
  if (before === counter) return;
  const from = settled.offsets[name];
  await log.commit({
    state: [
      ...(before === undefined && settled.kind === 'same' ? [] : await partitionClearing(log, pipeline, name, settled.kind)),
      ...toStateChanges(FOLLOWED, [[key, counter]]),
    ],
    offsets: from === undefined ? [] : startingAt(pipeline, input, from),
  });
}

const FOLLOWED = 'followed/';

async function clearing(log: Log, pipeline: string): Promise<StateChange[]> {
  const changes: StateChange[] = [];
  for (const prefix of [mergeStatePrefix(pipeline), `stage/${pipeline}/report/`]) {
    for (const [key] of await log.state(prefix)) changes.push([key, null]);
  }
  return changes;
}

/** The state of each partition is in a ledger of its own. */
function countedBy({ readPartition, now }: Pick<SettleDeps, 'readPartition' | 'now'>, pipeline: string, inputs: readonly PipelineInput[]) {
  return inputs.map((input) => ({
    ...input,
    async counted() {
      const log = await readPartition(input);
      const newest = await newestCounted(log, statePrefix(pipeline, input.name), now);
      await log.close();
      return newest;
    },
  }));
}
