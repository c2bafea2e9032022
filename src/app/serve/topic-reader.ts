/** Follows a topic of one partition: hands over what came since the last time, in order, between other work. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { recordAt } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';

const READ_BYTES = 256 << 10;

/**
 * `take` gets each record's value as text. The function returned resolves when everything that stood in the topic at its call was
 * handed over; calls wait for each other.
 */
export function followTopic(log: Log, topic: string, take: (text: string, offset: number) => void): () => Promise<void> {
  let offset = 0;
  let going: Promise<void> = Promise.resolve();

  async function goOn(): Promise<void> {
    for (const { end } = await log.bounds(topic, 0); offset < end;) {
      const batch = await log.read(topic, 0, offset, { maxBytes: READ_BYTES });
      if (!batch) return;
      for (let i = 0; i < batch.count; i++) take(Buffer.from(recordAt(batch, i)).toString(), batch.firstOffset + i);
      offset = batch.firstOffset + batch.count;
      await nextTurn();
    }
  }

  return () => {
    const done = going.then(goOn);
    going = done.catch(() => {});
    return done;
  };
}
