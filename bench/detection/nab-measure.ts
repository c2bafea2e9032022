/** The score of the Numenta Anomaly Benchmark, after its description: early alarms in a window earn, all outside cost. */

export interface NabFile {
  readonly path: string;
  readonly scores: Float64Array;
  /** Indexes of the first and the last point of each window. */
  readonly windows: readonly (readonly [first: number, last: number])[];
}

interface Profile {
  readonly falsePositive: number;
  readonly falseNegative: number;
}

export const NAB_PROFILES = {
  standard: { falsePositive: 0.11, falseNegative: 1 },
  lowFalsePositives: { falsePositive: 0.22, falseNegative: 1 },
  lowFalseNegatives: { falsePositive: 0.11, falseNegative: 2 },
} as const satisfies Record<string, Profile>;

const PROBATION = { share: 0.15, pointsMax: 750 } as const;

/** From 1 well before 0 to -1 well after it. */
function sigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

export interface NabScore {
  /** 0: no alarm at all; 100: each window found at its beginning, and nothing else. */
  readonly score: number;
  readonly windows: number;
  readonly found: number;
  readonly falsePositives: number;
}

export function nabScore(files: readonly NabFile[], threshold: number, { falsePositive, falseNegative }: Profile): NabScore {
  let [sum, windows, found, falsePositives] = [0, 0, 0, 0];
  for (const file of files) {
    windows += file.windows.length;
    const isFound = file.windows.map(() => false);
    const begin = Math.min(Math.floor(PROBATION.share * file.scores.length), PROBATION.pointsMax);
    for (let i = begin; i < file.scores.length; i++) {
      if (file.scores[i]! < threshold) continue;
      const inside = file.windows.findIndex(([first, last]) => i >= first && i <= last);
      if (inside < 0) {
        falsePositives++;
        sum += falsePositive * costOutside(file, i);
      } else if (!isFound[inside]) {
        isFound[inside] = true;
        const [first, last] = file.windows[inside]!;
        sum += sigmoid((i - last - 1) / (last - first + 1)) / sigmoid(-1);
      }
    }
    found += isFound.filter(Boolean).length;
    sum -= falseNegative * isFound.filter((each) => !each).length;
  }
  const none = -falseNegative * windows;
  return { score: (100 * (sum - none)) / (windows - none), windows, found, falsePositives };
}

/** Soon after a window it costs less: -1 is the whole price. */
function costOutside({ windows }: NabFile, at: number): number {
  const before = windows.findLast(([, last]) => last < at);
  return before && before[1] > before[0] ? sigmoid((at - before[1]) / (before[1] - before[0])) : -1;
}
