/** An event loop with nothing to do, beside what is measured: its pauses are the machine's, which takes them from everybody. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface IdleLoop {
  /** Longest delay since the last call, ms. One call after the other. */
  longestMs(): Promise<number>;
  stop(): Promise<unknown>;
}

export function startIdleLoop(): IdleLoop {
  const thread = new Worker(new URL('./idle-loop-thread.ts', import.meta.url));
  return {
    async longestMs() {
      const answer = once(thread, 'message');
      thread.postMessage('longest', []);
      return ((await answer) as [number])[0];
    },
    stop: () => thread.terminate(),
  };
}
