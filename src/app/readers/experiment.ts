/** How an experiment stands: each variant against the control, from the rows of closed windows. */
import { AppError } from '../../core/errors.ts';
import { compareRates, type Tally } from '../../detectors/experiment/comparison.ts';
import { addTally, NO_PAIR, NO_TALLY, withWindow } from '../../detectors/experiment/pairs.ts';
import type { WindowRow } from '../../windows/row.ts';
import { addedBy } from '../../pipeline/monitor/monitor-spec.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';

export interface ExperimentQuery {
  /** A ratio of the pipeline. */
  readonly measure: string;
  /** The dimension whose values are the variants. */
  readonly of: string;
  readonly control: string;
  /** Probability that any of the intervals ever misses the truth. */
  readonly error: number;
}

export interface Standing {
  readonly variant: string;
  readonly isControl: boolean;
  /** As far as they were counted side by side with the control's. */
  readonly successes: number;
  readonly attempts: number;
  /** Those for which the control had none, not an hour later either: they are in no other figure here. */
  readonly attempts_alone: number;
  /** In the measure's unit; null without attempts. */
  readonly rate: number | null;
  /** Over the control's rate, and where it lies; null for the control, and where nothing can be compared. */
  readonly ratio: number | null;
  readonly range: readonly [low: number, high: number] | null;
  readonly verdict: 'control' | 'better' | 'worse' | 'undecided';
  /** End of the first window after which a look would have decided it; ISO 8601. */
  readonly decided_at: string | null;
}

/** What each variant counted. Times in epoch ms. */
interface CountedWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly tallies: Map<string, Tally>;
}

/** By window end, ISO 8601. */
type Windows = ReadonlyMap<string, CountedWindow>;

/** @throws AppError `usage` where the pipeline has no such ratio or dimension, or no row has the control */
export async function experimentStandings(
  rows: AsyncIterable<WindowRow>,
  pipeline: Pick<PipelineRecord, 'name' | 'dimensions' | 'measures' | 'rollups'>,
  query: ExperimentQuery,
): Promise<Standing[]> {
  const { of, control } = query;
  const ratio = pipeline.measures.find((measure) => measure.name === query.measure);
  if (ratio?.kind !== 'ratio') {
    const ratios = pipeline.measures.filter(({ kind }) => kind === 'ratio').map(({ name }) => name);
    throw usage(`pipeline ${pipeline.name} has no ratio "${query.measure}"; expected one of: ${ratios.join(', ') || '(it has none)'}`);
  }
  const { currency } = addedBy(ratio, pipeline.measures);
  if (currency !== undefined) {
    throw usage(`${ratio.name} is a ratio in ${currency}; expected a ratio of counts: an experiment compares how often, not how much`);
  }
  if (!pipeline.dimensions.includes(of)) {
    throw usage(`pipeline ${pipeline.name} has no dimension "${of}"; expected one of: ${pipeline.dimensions.join(', ')}`);
  }
  const windows = await tally(rows, dimensionsOf(pipeline, of), query, [ratio.numerator, ratio.denominator]);
  const variants = [...new Set([...windows.values()].flatMap(({ tallies }) => [...tallies.keys()]))].sort();
  if (!variants.includes(control)) {
    throw usage(
      `found no windows with ${of} "${control}"; expected the control to be one of: ${variants.join(', ') || '(no windows there yet)'}`,
    );
  }
  const alpha = query.error / Math.max(1, variants.length - 1);
  const others = variants.filter((variant) => variant !== control).map((variant) => stand(windows, variant, control, alpha, ratio.scale));
  const own = totalOf(windows, control);
  const first: Standing = {
    ...rateOf(own, ratio.scale),
    variant: control,
    isControl: true,
    attempts_alone: 0,
    ratio: null,
    range: null,
    verdict: 'control',
    decided_at: null,
  };
  return [first, ...others];
}

/** The smallest set that has the dimension: its rows add up to the same, and are the fewest. */
function dimensionsOf({ dimensions, rollups }: Pick<PipelineRecord, 'dimensions' | 'rollups'>, of: string): number {
  return Math.min(...[dimensions, ...rollups].filter((set) => set.includes(of)).map((set) => set.length));
}

async function tally(
  rows: AsyncIterable<WindowRow>,
  size: number,
  { of }: ExperimentQuery,
  parts: readonly [string, string],
): Promise<Windows> {
  const windows = new Map<string, CountedWindow>();
  /** Sets of the same size are all alike; the first that comes is taken. */
  let dimensions: string | undefined;
  for await (const { labels, final, measures, window_start, window_end } of rows) {
    const variant = labels[of];
    const names = Object.keys(labels);
    if (!final || variant === undefined || names.length !== size) continue;
    dimensions ??= names.sort().join();
    if (names.sort().join() !== dimensions) continue;
    const known = windows.get(window_end);
    const counted = known ?? { startMs: Date.parse(window_start), endMs: Date.parse(window_end), tallies: new Map<string, Tally>() };
    if (!known) windows.set(window_end, counted);
    const { tallies } = counted;
    const now = { successes: measures[parts[0]] ?? 0, attempts: measures[parts[1]] ?? 0 };
    tallies.set(variant, addTally(tallies.get(variant) ?? NO_TALLY, now));
  }
  return windows;
}

/** Looks after each window, as one may: the first that decides is the time of the decision. */
function stand(windows: Windows, variant: string, control: string, alpha: number, scale: number): Standing {
  let pair = NO_PAIR;
  let decidedAt: string | null = null;
  let found: ReturnType<typeof compareRates>;
  for (const [end, counted] of windows) {
    const { tallies } = counted;
    const before = pair;
    pair = withWindow(pair, { own: tallies.get(variant) ?? NO_TALLY, control: tallies.get(control) ?? NO_TALLY }, counted);
    if (pair.windows === before.windows) continue;
    found = compareRates(pair.own, pair.control, alpha);
    if (decidedAt === null && found && (found.range[0] > 1 || found.range[1] < 1)) decidedAt = end;
  }
  const verdict = found === undefined || decidedAt === null ? 'undecided' : found.ratio > 1 ? 'better' : 'worse';
  return {
    ...rateOf(pair.own, scale),
    variant,
    isControl: false,
    attempts_alone: totalOf(windows, variant).attempts - pair.own.attempts,
    ratio: found?.ratio ?? null,
    range: found?.range ?? null,
    verdict,
    decided_at: decidedAt,
  };
}

function totalOf(windows: Windows, variant: string): Tally {
  return [...windows.values()].reduce((sum, { tallies }) => addTally(sum, tallies.get(variant) ?? NO_TALLY), NO_TALLY);
}

function rateOf({ successes, attempts }: Tally, scale: number): Pick<Standing, 'successes' | 'attempts' | 'rate'> {
  return { successes, attempts, rate: attempts > 0 ? (scale * successes) / attempts : null };
}

function usage(message: string): AppError {
  return new AppError('usage', message);
}
