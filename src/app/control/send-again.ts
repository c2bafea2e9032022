/** Dead letters on their way back in: onto the pipeline's replay topic, where the owner of their partition judges them anew. */
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import { originKey } from '../../dead-letter/dead-letter.ts';
import { packRecords } from '../../log/batch.ts';
import type { PipelineRecord } from '../pipeline-record.ts';
import type { LogWriter } from './write-log.ts';

/** Bytes of payload in one commit: a request to the holder has to stay well below its limit. */
const BATCH_BYTES = 4 << 20;

/** Why a dead letter cannot be sent in again; undefined: it can. */
export function whyNotSendable(letter: DeadLetter): string | undefined {
  if (letter.truncated_from_bytes !== undefined) {
    return `only the beginning of its ${letter.truncated_from_bytes} bytes is kept`;
  }
  return letter.payload === undefined && letter.payload_base64 === undefined ? 'its payload is not kept' : undefined;
}

export function payloadBytes(letter: DeadLetter): Buffer {
  return letter.payload === undefined ? Buffer.from(letter.payload_base64 ?? '', 'base64') : Buffer.from(letter.payload);
}

/** Appends them, each under its origin; resolves to how many. Sent twice, a dead letter changes nothing the second time. */
export async function sendAgain(letters: AsyncIterable<DeadLetter>, pipeline: PipelineRecord, writer: LogWriter): Promise<number> {
  let waiting: { letter: DeadLetter; bytes: Buffer }[] = [];
  let bytes = 0;
  let sent = 0;
  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    const byPartition = Map.groupBy(waiting, ({ letter }) => letter.partition);
    await writer.commit({
      appends: [...byPartition].map(([partition, entries]) => ({
        topic: pipeline.topics.replay,
        partition,
        ...packRecords(
          entries.map((entry) => entry.bytes),
          entries.map(({ letter }) => originKey(letter.topic, letter.partition, letter.offset)),
        ),
      })),
    });
    sent += waiting.length;
    waiting = [];
    bytes = 0;
  }
  for await (const letter of letters) {
    const payload = payloadBytes(letter);
    waiting.push({ letter, bytes: payload });
    bytes += payload.length;
    if (bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  return sent;
}
