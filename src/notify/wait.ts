import { setTimeout as timer } from 'node:timers/promises';

/** Resolves after `ms`; rejects when the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const systemWait: Wait = async (ms, signal) => {
  await timer(ms, undefined, { signal });
};
