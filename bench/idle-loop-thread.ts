/** The thread of `idle-loop.ts`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
parentPort!.on('message', () => {
  // From tick to tick, the resolution included.
  parentPort!.postMessage(Math.max(0, delay.max / 1e6 - 1), []);
  delay.reset();
});
