/** Where the page's time comes from: the only place that reads the browser's clock. */
export interface Clock {
  /** Wall time, epoch ms. */
  now(): number;
  /** Calls back once after so many ms; the returned function takes that back. */
  after(ms: number, callback: () => void): () => void;
}

export const browserClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
