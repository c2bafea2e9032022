/** Fixed limits with hysteresis: fires past the limit, ends only past the clearing level on the other side of it. */
import { AppError } from '../../core/errors.ts';
import { perSeries } from '../detector.ts';
import type { Detector, DetectorContext, DetectorKind, Direction, Observation, Step, Verdict } from '../detector.ts';
import { levelText, type Level } from '../fields.ts';
import { thresholdConfig } from './config.ts';
import type { ThresholdConfig } from './config.ts';

/** A series that vanished counts as 0 (counts and sums) for a day; then its state, and its alert, end. */
const FORGET_AFTER_MS = 86_400_000;

/** Where a direction in breach stands. */
interface Breach {
  /** The one that it went past; absent: written when it was not noted yet, and taken for the one at hand. */
  readonly limit?: number;
  /** Start of the first window in breach, epoch ms. */
  readonly since: number;
  /** Windows judged in breach since then. */
  readonly windows: number;
  /** End of the last one, epoch ms; absent: written when it was not noted yet. */
  readonly judged?: number;
  /** From then on the clearing level counts; before, the limit itself. Absent: written when it was not noted yet (`hasFired`). */
  readonly fires?: boolean;
}
/** A series not in breach is remembered as {}: known, so that its absence is seen. */
type ThresholdState = { readonly [direction in Direction]?: Breach };

interface Limit {
  readonly direction: Direction;
  readonly limit: number;
  /** Where it ends once it fires: the clearing level, else the limit. */
  readonly clear: number;
  begins(value: number): boolean;
  ends(value: number): boolean;
}

function inUnitOf(context: DetectorContext, name: string, level: Level): number {
  if (typeof level === 'number') return level;
  const { measure } = context;
  if (measure.kind === 'ratio') return level.share * measure.scale;
  throw new AppError(
    'config_invalid',
    `detect: ${measure.name}: found ${name}: "${levelText(level)}"; a percentage is for ratios, and ${measure.name} is a ${measure.kind}. ` +
      `Expected a number, such as ${name}: 100`,
  );
}

function limitsOf(config: ThresholdConfig, context: DetectorContext): Limit[] {
  const level = (name: 'above' | 'below' | 'clear_above' | 'clear_below'): number | undefined => {
    const value = config[name];
    return value === undefined ? undefined : inUnitOf(context, name, value);
  };
  const refuse = (found: string, expected: string): never => {
    throw new AppError('config_invalid', `detect: ${context.measure.name}: found ${found}; expected ${expected}`);
  };
  const [above, below, clearBelow, clearAbove] = [level('above'), level('below'), level('clear_below'), level('clear_above')];
  if (above !== undefined && below !== undefined && below >= above) {
    refuse(`below: ${below} and above: ${above}`, 'below less than above: here every value would be out of bounds');
  }
  const limits: Limit[] = [];
  if (below !== undefined) {
    if (clearAbove !== undefined && clearAbove < below) {
      refuse(`clear_above: ${clearAbove} with below: ${below}`, `clear_above: ${below} or more`);
    }
    const ends = (value: number): boolean => (clearAbove === undefined ? value >= below : value > clearAbove);
    limits.push({ direction: 'down', limit: below, clear: clearAbove ?? below, begins: (value) => value < below, ends });
  }
  if (above !== undefined) {
    if (clearBelow !== undefined && clearBelow > above) {
      refuse(`clear_below: ${clearBelow} with above: ${above}`, `clear_below: ${above} or less`);
    }
    const ends = (value: number): boolean => (clearBelow === undefined ? value <= above : value < clearBelow);
    limits.push({ direction: 'up', limit: above, clear: clearBelow ?? above, begins: (value) => value > above, ends });
  }
  return limits;
}

function createThreshold(config: ThresholdConfig, context: DetectorContext): Detector {
  const limits = limitsOf(config, context);
  const need = config.for;

  function lastsLongEnough(breach: Breach, endMs: number): boolean {
    return 'ms' in need ? endMs - breach.since >= need.ms : breach.windows >= need.windows;
  }

  /** So long nothing was judged that nobody knows whether it lasted: a time is then waited for anew. */
  function isInterrupted({ judged = Infinity }: Breach, startMs: number): boolean {
    return 'ms' in need && startMs - judged > need.ms;
  }

  /** Where it was not noted, a breach has fired if it had lasted long enough by the end of the window before. */
  function hasFired(breach: Breach, endMs: number): boolean {
    return breach.fires ?? lastsLongEnough(breach, endMs - context.window.slideMs);
  }

  function observe(remembered: ThresholdState | undefined, observation: Observation): Step<ThresholdState> {
    const state = remembered ?? {};
    const { value, startMs, endMs } = observation;
    // Volume is 0 where a series is absent, and a sum of nothing is what `below` waits for: an absence is always judged.
    const tooLittle = observation.volume < config.min_volume && !observation.absent;
    if (value === null || tooLittle) return { state, verdicts: [] };
    const next: { [direction in Direction]?: Breach } = {};
    const verdicts: Verdict[] = [];
    for (const { direction, limit, clear, begins, ends } of limits) {
      const known = breachOf(state[direction], limit);
      const fired = known !== undefined && hasFired(known, endMs);
      const old = known && !fired && isInterrupted(known, startMs) ? undefined : known;
      const inBreach = fired ? !ends(value) : begins(value);
      let status: Verdict['status'] = 'clear';
      if (inBreach) {
        const breach = { limit, since: old?.since ?? startMs, windows: (old?.windows ?? 0) + 1, judged: endMs };
        const fires = fired || lastsLongEnough(breach, endMs);
        next[direction] = { ...breach, fires };
        status = fires ? 'firing' : 'pending';
      }
      // It may be later than its first window in breach, where nothing was judged in between for too long.
      const since = next[direction]?.fires && 'ms' in need ? { lastsSince: next[direction].since } : {};
      // Back inside the limit, what fires is held against the clearing level; the limit stays what it is.
      const threshold = inBreach && !begins(value) ? clear : limit;
      verdicts.push({ direction, status, observed: value, expected: limit, threshold, baselineWindows: null, ...since });
    }
    return { state: next, verdicts };
  }

  return perSeries({ stateVersion: 1, seesAbsent: true, forgetAfterMs: FORGET_AFTER_MS }, observe);
}

/** How long a breach has lasted is said of the limit that it went past: of another one nothing is known. The other direction has its own. */
function breachOf(breach: Breach | undefined, limit: number): Breach | undefined {
  return breach?.limit === undefined || breach.limit === limit ? breach : undefined;
}

export const threshold: DetectorKind<typeof thresholdConfig> = {
  name: 'threshold',
  description: 'Compares each window with fixed limits, with a clearing level of its own and a time to wait.',
  config: thresholdConfig,
  watches: ({ above, below }, direction) => (direction === 'up' ? above : below) !== undefined,
  outline: ({ above, clear_below: clearBelow, below, clear_above: clearAbove }) => {
    const limit = (name: string, level?: Level, until?: Level): string[] =>
      level === undefined
        ? []
        : [`${name} ${levelText(level)}${until === undefined ? '' : ` until ${name === 'above' ? 'below' : 'above'} ${levelText(until)}`}`];
    return [...limit('above', above, clearBelow), ...limit('below', below, clearAbove)].join(', ');
  },
  learns: false,
  ofValues: true,
  create: createThreshold,
};
