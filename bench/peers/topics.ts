/** The topics that all contenders read: the larger one begins with the events of the smaller one. */
import { generatorConfig } from '../../src/sources/generator/config.ts';
import { createAdGenerator } from '../../src/sources/generator/generator.ts';
import { withKafka } from '../../test/e2e/kafka-topic.ts';
import { packRecords } from '../../src/log/batch.ts';
import type { Log } from '../../src/log/log.ts';
import { createYsbEvents } from './ysb-events.ts';

export const PARTITIONS = 4;
/** Records of one batch, compressed together with lz4. */
export const BATCH_RECORDS = 1_000;
const RATE = 5_000;
const ORIGIN_MS = Date.UTC(2026, 2, 2, 9);

export interface SizedTopic {
  readonly topic: string;
  readonly events: number;
}

/** Ad events of the seeded generator, 5,000 a second of event time, out of order by up to 2 s. */
export async function* adEvents(): AsyncGenerator<string[]> {
  const generator = createAdGenerator(generatorConfig.parse({ rate: RATE, seed: 1 }), { originMs: ORIGIN_MS });
  for (let from = ORIGIN_MS; ; from += 1_000) {
    const { bytes, ends } = generator.events(from, from + 1_000);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    yield Array.from(ends, (end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end));
  }
}

export async function* ysbEvents(): AsyncGenerator<string[]> {
  const events = createYsbEvents(1);
  for (let n = 0; ; n += BATCH_RECORDS) yield Array.from({ length: BATCH_RECORDS }, (_, i) => events.text(n + i));
}

/** Fills the topics that are not there yet. Event `i` goes to partition `i % 4`. */
export async function fillTopics(address: string, topics: readonly SizedTopic[], source: () => AsyncGenerator<string[]>): Promise<void> {
  await withKafka(address, async (log) => {
    const empty: SizedTopic[] = [];
    for (const sized of topics) {
      await log.ensureTopic(sized.topic, { partitions: PARTITIONS });
      const held = await eventsIn(log, sized.topic);
      if (held === 0) empty.push(sized);
      else if (held !== sized.events) throw new Error(`topic ${sized.topic} holds ${held} events, expected ${sized.events}: delete it`);
    }
    const wanted = Math.max(0, ...empty.map(({ events }) => events));
    let sent = 0;
    let waiting: string[] = [];
    const send = async (): Promise<void> => {
      const texts = waiting;
      waiting = [];
      const appends = empty.flatMap(({ topic, events }) => {
        const mine = texts.slice(0, Math.max(0, events - sent));
        return Array.from({ length: PARTITIONS }, (_, partition) => ({
          topic,
          partition,
          ...packRecords(mine.filter((_text, i) => i % PARTITIONS === partition)),
        })).filter(({ ends }) => ends.length > 0);
      });
      await log.commit({ appends });
      sent += texts.length;
    };
    if (wanted === 0) return;
    for await (const texts of source()) {
      for (const text of texts) {
        waiting.push(text);
        if (waiting.length === PARTITIONS * BATCH_RECORDS) await send();
        if (sent + waiting.length === wanted) return void (waiting.length > 0 && (await send()));
      }
    }
  });
}

async function eventsIn(log: Log, topic: string): Promise<number> {
  let sum = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const { start, end } = await log.bounds(topic, partition);
    sum += end - start;
  }
  return sum;
}
