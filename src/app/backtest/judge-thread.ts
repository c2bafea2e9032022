/** A judge in a thread of its own. Detect entries know nothing of each other, so they may be judged side by side. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { RecordColumns } from './record-columns.ts';
import type { JudgeMessage, JudgeOrder, JudgeReply } from './judge-messages.ts';
import type { Judged } from './rung-alerts.ts';

export interface JudgeThread {
  /** Resolves when there is room for the next batch. */
  observe(columns: RecordColumns): Promise<void>;
  judged(): Promise<Judged>;
  stop(): Promise<void>;
}

/** Batches that a judge may be behind. */
const WAITING_MAX = 2;
/** Rows are short-lived: with room for more of them they are collected less often. */
const YOUNG_MB = 64;

export function startJudge(order: JudgeOrder): JudgeThread {
  const worker = new Worker(new URL('./judge-worker.ts', import.meta.url), {
    workerData: order,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  let waiting = 0;
  let judged: Judged | undefined;
  let fault: unknown;
  worker.on('message', (reply: JudgeReply) => {
    if (reply === null) waiting--;
    else judged = reply;
  });
  worker.on('error', (error) => (fault = error));

  /** `once` rejects when the thread breaks while it is waited for. */
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (fault !== undefined) throw fault;
      await once(worker, 'message');
    }
  }

  function send(message: JudgeMessage): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(message);
  }

  return {
    async observe(columns) {
      waiting++;
      send(columns);
      await until(() => waiting < WAITING_MAX);
    },
    async judged() {
      send(null);
      await until(() => judged !== undefined);
      return judged!;
    },
    stop: async () => void (await worker.terminate()),
  };
}
