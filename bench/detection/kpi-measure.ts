/** How alarms on labelled KPI series count: a stretch is found, as a whole, by an alarm on one of its first points. */

export interface LabelledSeries {
  readonly id: string;
  /** Epoch seconds. */
  readonly times: Float64Array;
  readonly isAnomalous: Uint8Array;
  readonly scores: Float64Array;
}

export interface Counts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly stretches: number;
  readonly foundStretches: number;
}

/** An alarm counts when it comes on a stretch's first `DELAY + 1` points. */
const DELAY = 7;

/** What threshold decides, prepared: each stretch by its best score in time, each other point by its own. */
export interface Outcomes {
  readonly stretches: readonly { readonly score: number; readonly points: number }[];
  readonly others: readonly number[];
}

/** Points with `from <= time < to`; a stretch belongs where it begins. */
export function outcomesOf({ times, isAnomalous, scores }: LabelledSeries, from: number, to: number): Outcomes {
  const stretches: { score: number; points: number }[] = [];
  const others: number[] = [];
  for (let i = 0; i < times.length; i++) {
    const isIn = times[i]! >= from && times[i]! < to;
    if (!isAnomalous[i]) {
      if (isIn) others.push(scores[i]!);
      continue;
    }
    const first = i;
    while (i + 1 < times.length && isAnomalous[i + 1]) i++;
    if (isIn) stretches.push({ score: Math.max(...scores.subarray(first, Math.min(i + 1, first + DELAY + 1))), points: i + 1 - first });
  }
  return { stretches, others };
}

export function countAt(outcomes: Iterable<Outcomes>, threshold: number): Counts {
  let [truePositives, falsePositives, falseNegatives, stretches, foundStretches] = [0, 0, 0, 0, 0];
  for (const each of outcomes) {
    stretches += each.stretches.length;
    for (const { score, points } of each.stretches) {
      if (score >= threshold) {
        foundStretches++;
        truePositives += points;
      } else falseNegatives += points;
    }
    for (const score of each.others) if (score >= threshold) falsePositives++;
  }
  return { truePositives, falsePositives, falseNegatives, stretches, foundStretches };
}

export function rates({ truePositives, falsePositives, falseNegatives }: Counts): { f1: number; precision: number; recall: number } {
  const precision = truePositives / Math.max(1, truePositives + falsePositives);
  const recall = truePositives / Math.max(1, truePositives + falseNegatives);
  return { f1: (2 * truePositives) / Math.max(1, 2 * truePositives + falsePositives + falseNegatives), precision, recall };
}

/** Of the thresholds, the one with the highest F1. */
export function bestThreshold(outcomes: readonly Outcomes[], thresholds: readonly number[]): number {
  const scored = thresholds.map((threshold) => ({ threshold, f1: rates(countAt(outcomes, threshold)).f1 }));
  return scored.reduce((best, each) => (each.f1 > best.f1 ? each : best)).threshold;
}

/** False alarms at least an hour apart. */
const APART_SECONDS = 3_600;

export function falseEpisodes({ times, isAnomalous, scores }: LabelledSeries, threshold: number): number {
  let count = 0;
  let last = -Infinity;
  for (let i = 0; i < times.length; i++) {
    if (isAnomalous[i] || scores[i]! < threshold) continue;
    if (times[i]! - last > APART_SECONDS) count++;
    last = times[i]!;
  }
  return count;
}

/** The least count that a Poisson variable of this mean stays within with this probability. */
export function poissonBound(mean: number, probability: number): number {
  let term = Math.exp(-mean);
  let sum = term;
  let count = 0;
  while (sum < probability) sum += term *= mean / ++count;
  return count;
}
