/** Which file the state in the data directory was made with: a counter per stage, beside the hash of what changes its results. */
import { AppError } from '../core/errors.ts';
import { withReadAnew, type ReadAnew } from '../dead-letter/in-force.ts';
import type { Log, StateChange } from '../log/log.ts';
import type { ClockMode } from '../windows/partition.ts';
import { REVISION_MAX } from '../windows/row-version.ts';
import { fromStateEntries, toStateChanges } from './state-codec.ts';
import { replayGroup, statePrefix } from './aggregate/aggregate.ts';
import { completeFrom, newestCounted, type ReadFrom } from './complete-from.ts';
import { mergeStatePrefix } from './engine.ts';

/** sha256, hex, over exactly what changes the results of each stage. */
export interface StageHashes {
  readonly windows: string;
  /** Of the parts of the windows stage, by what they are called in the pipeline file. */
  readonly parts: Readonly<Record<string, string>>;
  readonly detect: string;
}

export interface Revisions {
  /** `parts` is absent where an earlier version noted it. */
  readonly windows: { readonly counter: number; readonly hash: string; readonly parts?: StageHashes['parts'] };
  readonly detect: { readonly counter: number; readonly hash: string };
  /** Windows that begin before it are incomplete in this revision, epoch ms: see `complete-from.ts`. */
  readonly completeFrom: number;
  /** Revisions that began with reading again, oldest first; absent where none did, or none that noted it. */
  readonly readAnew?: readonly ReadAnew[];
}

export type RevisionChoice =
  /** Refuse when the windows stage gives other results than before. */
  | { readonly kind: 'same' }
  /** Go on at the committed offsets; windows begun before are not given out again. */
  | { readonly kind: 'new' }
  /** Read again from there, everything anew. */
  | { readonly kind: 'from'; readonly from: ReadFrom };

/** An input partition, and where its dead letters are sent in again. */
export interface PipelineInput {
  readonly topic: string;
  readonly partition: number;
  /** `ad-events/0` */
  readonly name: string;
  readonly replayTopic: string;
}

const KEY = 'revision/';

export async function recordedRevisions(log: Log, pipeline: string): Promise<Revisions | undefined> {
  const entries = fromStateEntries(KEY, await log.state(KEY + pipeline));
  return entries.find(([key]) => key === pipeline)?.[1] as Revisions | undefined;
}

/**
 * Compares the file's hashes with the recorded ones, records what is new and clears the state that does not go with it.
 * A detector's new revision is only counted: its state is kept where the detector can use it.
 * @throws AppError `revision_changed` when the windows stage changed and `choice` does not say what to do, and as of `completeFrom`
 */
export async function settleRevision(
  log: Log,
  pipeline: string,
  hashes: StageHashes,
  inputs: readonly PipelineInput[],
  choice: RevisionChoice,
  clock: ClockMode = 'append',
): Promise<Revisions> {
  const recorded = await recordedRevisions(log, pipeline);
  const changed = recorded !== undefined && recorded.windows.hash !== hashes.windows;
  if (changed && choice.kind === 'same') throw revisionRefusal(pipeline, recorded, hashes);
  if (changed && choice.kind === 'from') refuseMoved(pipeline, recorded, hashes);
  const anew = recorded !== undefined && (changed || choice.kind === 'from');
  const counter = (recorded?.windows.counter ?? 1) + (anew ? 1 : 0);
  if (counter > REVISION_MAX)
    throw new AppError('revision_changed', `pipeline ${pipeline}: ${REVISION_MAX} revisions are the most; use a new --data directory.`);
  const offsets = (anew || !recorded) && choice.kind === 'from' ? await offsetsFrom(log, inputs, choice.from) : undefined;
  const settled: Revisions = {
    windows: { counter, hash: hashes.windows, parts: hashes.parts },
    detect: {
      counter: (recorded?.detect.counter ?? 1) + (recorded && recorded.detect.hash !== hashes.detect ? 1 : 0),
      hash: hashes.detect,
    },
    completeFrom: anew
      ? await completeFrom(log, countedBy(log, pipeline, inputs), { ...readingOf(pipeline, choice, offsets, recorded), clock })
      : (recorded?.completeFrom ?? -Infinity),
    ...readAnewBy(recorded, counter, anew ? offsets : undefined),
  };
  await log.commit({
    state: [...(anew ? await clearing(log, pipeline, inputs, choice) : []), ...toStateChanges(KEY, [[pipeline, settled]])],
    offsets: inputs.flatMap((input) => (offsets ? startingAt(pipeline, input, offsets[input.name]!) : [])),
  });
  return settled;
}

/** What a start is told on windows of another revision. */
export function revisionRefusal(pipeline: string, recorded: Revisions | undefined, hashes: StageHashes): AppError {
  const changed = changedParts(recorded, hashes);
  const what = changed === '' ? '' : ` (changed: ${changed})`;
  return new AppError(
    'revision_changed',
    `pipeline ${pipeline}: the file now computes other windows than the ones in the data directory${what}. Choose:\n` +
      '  --new-revision     go on from here; windows begun before now are left as they are\n' +
      '  --from earliest    read everything in the log again (or --from latest, or --from 2026-03-02T09:00:00Z);\n' +
      '                     what was judged before rings no bell again\n' +
      '  another --data directory, or the file as it was',
  );
}

/** The parts of the windows stage that are not as they were, for people; empty where that is not known. */
export function changedParts(recorded: Revisions | undefined, { parts }: StageHashes): string {
  const differing = partsThatDiffer(recorded?.windows.parts ?? parts, parts);
  const more = differing.length > PARTS_TOLD ? `, and ${differing.length - PARTS_TOLD} more` : '';
  return differing.slice(0, PARTS_TOLD).join(', ') + more;
}

/**
 * Windows that are computed again take the place of those of before that begin when they do. Where they begin at other times, both would stand.
 * @throws AppError `revision_changed`
 */
export function refuseMoved(pipeline: string, recorded: Revisions, { parts }: StageHashes): void {
  const before = recorded.windows.parts ?? {};
  const ofWindows = (names: object): string[] => Object.keys(names).filter((name) => name.startsWith('windows.'));
  // Where nothing was noted of windows, none could begin at an offset.
  const notedOf = (name: string): string | undefined => (ofWindows(before).length === 0 ? '0' : before[name]);
  const moved = ofWindows(parts).filter((name) => (notedOf(name) ?? parts[name]) !== parts[name]);
  if (moved.length === 0) return;
  const names = moved.map((name) => name.slice('windows.'.length)).join(', ');
  throw new AppError(
    'revision_changed',
    `pipeline ${pipeline}: the file has another utc_offset, by which windows of ${names} begin at other times than those in the data directory: ` +
      'read again, events would count in both. Choose:\n' +
      '  --new-revision     go on from here; windows begun before now are left as they are\n' +
      '  another --data directory, or the file as it was',
  );
}

const PARTS_TOLD = 6;

/** As the pipeline file calls them: with one source alone `source.schema` and `event`. */
function partsThatDiffer(before: StageHashes['parts'], now: StageHashes['parts']): string[] {
  const differing = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    // When windows begin is part of them.
    (name) => before[name] !== now[name] && !name.startsWith('windows.'),
  );
  const otherSources = differing.includes('sources');
  const otherMeasure = differing.some((name) => name.startsWith('measures.'));
  const told = differing.filter((name) => !(otherSources && name.startsWith('sources.')) && !(otherMeasure && name === 'measures'));
  const isOne = new Set(Object.keys(now).flatMap((name) => /^sources\.([^.]+)\./.exec(name)?.[1] ?? [])).size === 1;
  return isOne
    ? told.map((name) => name.replace(/^sources\.[^.]+\.(event$)?/, (_, event: string | undefined) => event ?? 'source.'))
    : told;
}

/** Where the state of the partitions is in the log itself. */
export function countedBy<Input extends { readonly name: string }>(log: Pick<Log, 'state'>, pipeline: string, inputs: readonly Input[]) {
  return inputs.map((input) => ({ ...input, counted: () => newestCounted(log, statePrefix(pipeline, input.name)) }));
}

/** What a new revision reads. */
export function readingOf(
  pipeline: string,
  choice: RevisionChoice,
  offsets: Readonly<Record<string, number>> | undefined,
  { completeFrom: before }: Pick<Revisions, 'completeFrom'>,
) {
  return { pipeline, from: choice.kind === 'from' ? choice.from : undefined, offsets: offsets ?? {}, before };
}

/** State of the windows stage that the new revision cannot use. Going on, a partition keeps its watermark, ids and totals. */
async function clearing(log: Log, pipeline: string, inputs: readonly PipelineInput[], choice: RevisionChoice): Promise<StateChange[]> {
  const changes: StateChange[] = [];
  const clear = async (prefix: string): Promise<void> => {
    for (const [key] of await log.state(prefix)) changes.push([key, null]);
  };
  await clear(mergeStatePrefix(pipeline));
  for (const { name } of inputs) changes.push(...(await partitionClearing(log, pipeline, name, choice.kind)));
  return changes;
}

/** Of one input partition: where everything is read again all of it, going on what watermark, ids and totals do not need. */
export async function partitionClearing(log: Log, pipeline: string, name: string, kind: RevisionChoice['kind']): Promise<StateChange[]> {
  const prefix = statePrefix(pipeline, name);
  const keys = (await log.state(prefix)).map(([key]) => key);
  const isUseless = (key: string): boolean => kind === 'from' || /^(pane|place|series|replayed)\//.test(key.slice(prefix.length));
  return keys.filter(isUseless).map((key) => [key, null]);
}

/** By input partition, where it is read from. */
export async function offsetsFrom(log: Log, inputs: readonly PipelineInput[], from: ReadFrom): Promise<Record<string, number>> {
  const offsets: Record<string, number> = {};
  for (const { name, topic, partition } of inputs) offsets[name] = await offsetOf(log, topic, partition, from);
  return offsets;
}

/** What is committed of a partition that is read from there. */
export function startingAt(pipeline: string, { topic, partition, replayTopic }: PipelineInput, offset: number) {
  return [
    { group: pipeline, topic, partition, offset },
    // Everything is judged anew, so what was sent in again is too.
    { group: replayGroup(pipeline, topic), topic: replayTopic, partition, offset: 0 },
  ];
}

/** What is noted of a revision: that it and those before it read again. `from`: undefined where it went on. */
export function readAnewBy(
  before: Pick<Revisions, 'readAnew'> | undefined,
  revision: number,
  from: Readonly<Record<string, number>> | undefined,
): Pick<Revisions, 'readAnew'> {
  const readAnew = from ? withReadAnew(before?.readAnew ?? [], { revision, from }) : before?.readAnew;
  return readAnew ? { readAnew } : {};
}

/** Where it is in a partition. */
export async function offsetOf(log: Log, topic: string, partition: number, from: ReadFrom): Promise<number> {
  if (typeof from === 'number') return log.offsetAt(topic, partition, from);
  const { start, end } = await log.bounds(topic, partition);
  if (typeof from === 'object') return Math.min(Math.max(from.offset, start), end);
  return from === 'earliest' ? start : end;
}
