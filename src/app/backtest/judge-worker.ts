/** The thread of `judge-thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { createJudge } from './judge.ts';
import type { JudgeMessage, JudgeOrder, JudgeReply } from './judge-messages.ts';

const { spec, measures, range, entries } = workerData as JudgeOrder;
const judge = createJudge(spec, measures, range, entries);

parentPort?.on('message', (message: JudgeMessage) => {
  if (message !== null) judge.observe(message);
  reply(message === null ? judge.judged() : null);
});

function reply(message: JudgeReply): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(message);
}
