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
