/** Records a second over the last ten seconds, from a counter looked at about once a second. */

export interface Rate {
  sample(total: number, elapsedMs: number): void;
  perSecond(): number;
}

const SPAN_MS = 10_000;

export function createRate(): Rate {
  const samples: { total: number; at: number }[] = [];
  return {
    sample(total, at) {
      samples.push({ total, at });
      while (samples.length > 2 && samples[1]!.at <= at - SPAN_MS) samples.shift();
    },
    perSecond() {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last || last.at <= first.at) return 0;
      return Math.round(((last.total - first.total) / (last.at - first.at)) * 10_000) / 10;
    },
  };
}
