/**
 * How rare is a value in this series' own history? A histogram that forgets, and beyond its upper quantiles an exponential
 * tail. Values are non-negative and on a logarithmic scale, so that the tail is a power law in what was measured.
 */
export interface Tail {
  /** -log10 of the share of the history that is as large; non-decreasing in the value. */
  surprise(value: number): number;
  /** `weight` 0..1: a point amid an episode that was told already counts for less. */
  learn(value: number, weight: number): void;
  /** Lets the history count as no more than so many points: what was learnt belongs to other times. */
  shrinkTo(points: number): void;
  readonly state: TailState;
}

/** Plain numbers, and arrays of single precision: what is stored is what was in use. */
export interface TailState {
  readonly bins: Float32Array;
  /** What a new point weighs in the bins; grows, so that the old ones need no touching. */
  unit: number;
  learnt: number;
  /** Per share: where the tail begins, and its mean excess. */
  readonly from: Float32Array;
  readonly excess: Float32Array;
}

export interface TailSettings {
  readonly tailHalfLife: number;
  readonly tailShares: readonly number[];
}

const BINS = 96;
const WIDTH = 1 / 12;
/** Values are not told apart beyond this: e^8 is three thousand standard deviations. */
const VALUE_MAX = BINS * WIDTH;
/** What is believed before anything was seen, in points: a normal residual's 3 % quantile and its mean excess. */
const PRIOR = { points: 20, quantile: 1.4, quantileShare: 0.03, excess: 0.25, excessPoints: 5 } as const;
/** A tail is never thinner than this mean excess. */
const EXCESS_MIN = 0.1;
/** A single point's excess counts at most so many mean excesses. */
const EXCESS_CLIP = 4;
const REFIT_EVERY = { young: 8, old: 32 } as const;

export function newTailState({ tailShares }: TailSettings): TailState {
  return {
    bins: new Float32Array(BINS),
    unit: 1,
    learnt: 0,
    from: Float32Array.from(tailShares, (share) => PRIOR.quantile + PRIOR.excess * Math.log(PRIOR.quantileShare / share)),
    excess: new Float32Array(tailShares.length).fill(PRIOR.excess),
  };
}

export function createTail(settings: TailSettings, state: TailState): Tail {
  const { bins, from, excess } = state;
  const shares = settings.tailShares;
  const bodies = shares.map((share) => -Math.log10(share));
  const growth = Math.pow(2, 1 / settings.tailHalfLife);

  /** Points in the history. Summed anew each time, so that it never depends on how far back this process began. */
  function pointsIn(): number {
    return bins.reduce((sum, each) => sum + each, 0) / state.unit;
  }

  function refit(): void {
    const all = pointsIn();
    for (let i = 0; i < shares.length; i++) fitShare(i, shares[i]!, all);
  }

  function fitShare(index: number, share: number, all: number): void {
    let missing = all * share;
    let bin = BINS - 1;
    for (; bin > 0; bin--) {
      const points = bins[bin]! / state.unit;
      if (points >= missing) break;
      missing -= points;
    }
    const points = bins[bin]! / state.unit;
    /** Of the bin where the tail begins, the part that is in it. */
    const part = points > 0 ? Math.min(1, missing / points) : 1;
    const start = (bin + 1 - part) * WIDTH;
    const beyond = all * share;
    let mean: number = PRIOR.excess;
    for (const limit of [Infinity, EXCESS_CLIP]) {
      let sum = points * part * part * WIDTH * 0.5;
      const most = limit === Infinity ? Infinity : limit * mean;
      for (let above = BINS - 1; above > bin; above--) {
        if (bins[above]! > 0) sum += (bins[above]! / state.unit) * Math.min((above + 0.5) * WIDTH - start, most);
      }
      mean = (sum + PRIOR.excessPoints * PRIOR.excess) / (beyond + PRIOR.excessPoints);
    }
    const trust = all / (all + PRIOR.points);
    const believed = PRIOR.quantile + PRIOR.excess * Math.log(PRIOR.quantileShare / share);
    from[index] = trust * start + (1 - trust) * believed;
    excess[index] = Math.max(mean, EXCESS_MIN);
  }

  return {
    state,
    surprise(value) {
      const capped = Math.min(value, VALUE_MAX);
      // Below the first tail only the order matters: nothing down there is news.
      if (capped <= from[0]!) return (bodies[0]! * capped) / Math.max(from[0]!, WIDTH);
      let least = Infinity;
      for (let i = 0; i < from.length; i++) {
        // What is no larger than where a tail begins is not rarer than that tail as a whole.
        least = Math.min(least, bodies[i]! + (Math.max(0, capped - from[i]!) / excess[i]!) * Math.LOG10E);
      }
      return least;
    },
    learn(value, weight) {
      const bin = Math.min(BINS - 1, Math.floor(value / WIDTH));
      bins[bin] = bins[bin]! + weight * state.unit;
      state.unit *= growth;
      state.learnt++;
      if (state.learnt % (state.learnt < 500 ? REFIT_EVERY.young : REFIT_EVERY.old) !== 0) return;
      if (state.unit > 1e12) {
        for (let i = 0; i < BINS; i++) bins[i] = bins[i]! / state.unit;
        state.unit = 1;
      }
      refit();
    },
    shrinkTo(points) {
      const factor = points / pointsIn();
      if (factor >= 1) return;
      for (let i = 0; i < BINS; i++) bins[i] = bins[i]! * factor;
    },
  };
}
