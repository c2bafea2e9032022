import { setTimeout } from 'node:timers/promises';

/** Where time comes from: the only place that reads the machine's clock. */
export interface Clock {
  /** Wall time, epoch ms. For append times and what people are told, never for what is counted. */
  now(): number;
  /** Monotonic time, ms. For durations. */
  elapsed(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};

/** Resolves after so many ms, or as soon as the signal says so; never rejects. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
