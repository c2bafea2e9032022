/** How an experiment stands: each variant against the control, from the rows of closed windows. */
import { AppError } from '../../core/errors.ts';
import { compareRates, type Tally } from '../../detectors/experiment/comparison.ts';
import type { WindowRow } from '../../windows/row.ts';
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
  /** Of windows in which the control had attempts too. */
  readonly successes: number;
  readonly attempts: number;
  /** Of the other windows: they are in no figure here. */
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

/** By window end: what each variant counted. */
type Windows = ReadonlyMap<string, ReadonlyMap<string, Tally>>;

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
  if (!pipeline.dimensions.includes(of)) {
    throw usage(`pipeline ${pipeline.name} has no dimension "${of}"; expected one of: ${pipeline.dimensions.join(', ')}`);
  }
  const windows = await tally(rows, dimensionsOf(pipeline, of), query, [ratio.numerator, ratio.denominator]);
  const variants = [...new Set([...windows.values()].flatMap((held) => [...held.keys()]))].sort();
  if (!variants.includes(control)) {
    throw usage(
      `found no windows with ${of} "${control}"; expected the control to be one of: ${variants.join(', ') || '(no windows there yet)'}`,
    );
  }
  const alpha = query.error / Math.max(1, variants.length - 1);
  const others = variants.filter((variant) => variant !== control).map((variant) => stand(windows, variant, control, alpha, ratio.scale));
  const all = [...windows.values()].map((held) => held.get(control));
  const own = all.reduce<Tally>(add, NONE);
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
  const windows = new Map<string, Map<string, Tally>>();
  /** Sets of the same size are all alike; the first that comes is taken. */
  let dimensions: string | undefined;
  for await (const { labels, final, measures, window_end } of rows) {
    const variant = labels[of];
    const names = Object.keys(labels);
    if (!final || variant === undefined || names.length !== size) continue;
    dimensions ??= names.sort().join();
    if (names.sort().join() !== dimensions) continue;
    const held = windows.get(window_end) ?? new Map<string, Tally>();
    windows.set(window_end, held);
    held.set(variant, add(held.get(variant), { successes: measures[parts[0]] ?? 0, attempts: measures[parts[1]] ?? 0 }));
  }
  return windows;
}

/** Looks after each window, as one may: the first that decides is the time of the decision. */
function stand(windows: Windows, variant: string, control: string, alpha: number, scale: number): Standing {
  let own = NONE;
  let other = NONE;
  let alone = 0;
  let decidedAt: string | null = null;
  let found: ReturnType<typeof compareRates>;
  for (const [end, held] of windows) {
    const [now, then] = [held.get(variant), held.get(control)];
    if (!now?.attempts) continue;
    if (!then?.attempts) {
      alone += now.attempts;
      continue;
    }
    own = add(own, now);
    other = add(other, then);
    found = compareRates(own, other, alpha);
    if (decidedAt === null && found && (found.range[0] > 1 || found.range[1] < 1)) decidedAt = end;
  }
  const verdict = found === undefined || decidedAt === null ? 'undecided' : found.ratio > 1 ? 'better' : 'worse';
  return {
    ...rateOf(own, scale),
    variant,
    isControl: false,
    attempts_alone: alone,
    ratio: found?.ratio ?? null,
    range: found?.range ?? null,
    verdict,
    decided_at: decidedAt,
  };
}

const NONE: Tally = { successes: 0, attempts: 0 };

function add(a: Tally = NONE, b: Tally = NONE): Tally {
  return { successes: a.successes + b.successes, attempts: a.attempts + b.attempts };
}

function rateOf({ successes, attempts }: Tally, scale: number): Pick<Standing, 'successes' | 'attempts' | 'rate'> {
  return { successes, attempts, rate: attempts > 0 ? (scale * successes) / attempts : null };
}

function usage(message: string): AppError {
  return new AppError('usage', message);
}
