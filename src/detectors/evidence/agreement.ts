/**
 * Whether a shift is common: that all members share it explains what they bring better than that none does, or that some do more and
 * the others nothing. A few that pull strongly move the mean of all, so the mean cannot tell.
 */

/** Log likelihood: whatever a member does, it speaks no more than so much against anything. That of three deviations. */
const OUTLIER = 4.5;
/** What some may do instead, in shifts (log); the others nothing, so that the mean is the same. */
const TIMES_AS_MUCH = [2, 4, 8];
/** Where more than so many would have to, it is common. */
const SOME_MOST = 0.9;
const NOISE_LEAST = 1e-9;

export interface Agreement {
  /** Asks for a shift (log), that a member shares give or take the part `own` of it. */
  begin(shift: number, own: number): void;
  /** A member: seen over expected, the relative variance of counting in it, and of its forecast. */
  add(q: number, noise: number, error: number): void;
  isCommon(): boolean;
  /** Rather than that none does, whatever else: enough to take a shift back. */
  isLikely(): boolean;
}

/** Some do so much (log, and as a factor); logs of how many they are, and the others. */
interface Some {
  times: number;
  factor: number;
  part: number;
  others: number;
}

export function createAgreement(): Agreement {
  const some = TIMES_AS_MUCH.map((): Some => ({ times: 0, factor: 1, part: 0, others: 0 }));
  /** Log likelihood against no shift, summed over members: that all share it, that none does, that some do more. */
  const fits = { all: 0, none: 0, some: new Float64Array(some.length) };
  let shift = 0;
  let factor = 1;
  /** Variance. */
  let own = 0;

  return {
    begin(asked, part) {
      shift = asked;
      factor = Math.exp(shift);
      own = (part * shift) ** 2;
      fits.all = fits.none = 0;
      for (const [i, one] of some.entries()) {
        one.times = TIMES_AS_MUCH[i]! * shift;
        one.factor = Math.exp(one.times);
        const share = (factor - 1) / (one.factor - 1);
        one.part = Math.log(share);
        one.others = Math.log1p(-share);
        fits.some[i] = share > SOME_MOST ? -Infinity : 0;
      }
    },
    /** Gamma-mixed counts. */
    add(q, noise, error) {
      const expected = 1 / Math.max(noise, NOISE_LEAST);
      const seen = Math.max(0, q) * expected;
      const r = 1 / (error + own);
      const before = (seen + r) * Math.log(r + expected);
      const best = (seen > 0 ? seen * Math.log(q) : 0) + before - (seen + r) * Math.log(r + seen);
      // The one event of a member that expects less than one is no outlier.
      const least = best - OUTLIER - Math.max(0, Math.log(noise));
      fits.all += Math.max(least, seen * shift + before - (seen + r) * Math.log(r + expected * factor));
      fits.none += Math.max(least, 0);
      for (let i = 0; i < some.length; i++) {
        const one = some[i]!;
        const theirs = seen * one.times + before - (seen + r) * Math.log(r + expected * one.factor);
        fits.some[i]! += Math.max(least, logOfSum(one.others, one.part + theirs));
      }
    },
    isCommon: () => fits.all > fits.none && fits.some.every((fit) => fits.all >= fit),
    isLikely: () => fits.all > fits.none,
  };
}

/** Of two numbers, by their logs. */
function logOfSum(a: number, b: number): number {
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}
