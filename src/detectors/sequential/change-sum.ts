/**
 * Shiryaev-Roberts sums: for each alternative, the likelihood ratios of all spans that end now, added up over where they
 * begin. While nothing has changed, the mean of such a sum is at most the number of steps; a change at any time makes it grow
 * at the rate of the Kullback-Leibler distance, which no test can beat.
 */
export interface ChangeSum {
  /** Natural logarithm, per alternative. */
  readonly logs: readonly number[];
  /** Logarithm of the likelihood ratio of the one span that speaks loudest, per alternative; starts anew at 0. */
  readonly peaks: readonly number[];
  /** That span's start (epoch ms), and what was counted in it. */
  readonly since: readonly number[];
  readonly seen: readonly number[];
  readonly exposure: readonly number[];
}

export interface Loudest {
  /** Of the mean over all alternatives. */
  readonly log: number;
  readonly since: number;
  readonly seen: number;
  readonly exposure: number;
}

const SILENT = -700;

/** `logRatios`: of the step alone, per alternative. */
export function addStep(
  sum: ChangeSum | undefined,
  logRatios: readonly number[],
  startMs: number,
  seen: number,
  exposure: number,
): ChangeSum {
  const logs: number[] = [];
  const peaks: number[] = [];
  const since: number[] = [];
  const seenSince: number[] = [];
  const exposureSince: number[] = [];
  logRatios.forEach((ratio, index) => {
    const before = sum?.logs[index] ?? SILENT;
    const peak = sum?.peaks[index] ?? 0;
    const goesOn = peak > 0;
    logs.push(Math.max(SILENT, (before > 0 ? before + Math.log1p(Math.exp(-before)) : Math.log1p(Math.exp(before))) + ratio));
    peaks.push(Math.max(0, peak + ratio));
    since.push(goesOn ? sum!.since[index]! : startMs);
    seenSince.push((goesOn ? sum!.seen[index]! : 0) + seen);
    exposureSince.push((goesOn ? sum!.exposure[index]! : 0) + exposure);
  });
  return { logs, peaks, since, seen: seenSince, exposure: exposureSince };
}

export function loudestOf({ logs, peaks, since, seen, exposure }: ChangeSum): Loudest {
  const most = Math.max(...logs);
  const at = peaks.indexOf(Math.max(...peaks));
  const log = most + Math.log(logs.reduce((total, one) => total + Math.exp(one - most), 0) / logs.length);
  return { log, since: since[at]!, seen: seen[at]!, exposure: exposure[at]! };
}
