/** Batches on their way to a partition, each written once. */
import { AppError } from '../../core/errors.ts';
import { Writer, createAPI, initProducerIdV4, produceV9, type ProduceResponse } from './client.ts';
import type { Cluster } from './cluster.ts';
import { countOf, stampBatch } from './batch-builder.ts';
import { explainKafkaError, kafkaErrorIds, mayPass } from './errors.ts';

const ACKS_ALL = -1;
const TIMEOUT_MS = 20_000;
/** The broker knows another last number of this producer than we do: begin anew as another producer. */
const STATE_LOST = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
]);

export interface Producer {
  /** Appends one batch, once, however often it has to be sent; resolves to the offset of its first record once all in-sync replicas have it. */
  send(topic: string, partition: number, batch: Buffer): Promise<number>;
}

interface Identity {
  readonly id: bigint;
  readonly epoch: number;
}

/** Produce, version 9, of one batch that is ready to be sent: the client's own makes batches of an object per record. */
const produceOne = createAPI<[topic: string, partition: number, batch: Buffer], ProduceResponse>(
  0,
  9,
  (topic: string, partition: number, batch: Buffer) =>
    Writer.create()
      .appendString(null)
      .appendInt16(ACKS_ALL)
      .appendInt32(TIMEOUT_MS)
      .appendArray(
        [topic],
        (w, name) =>
          void w.appendString(name).appendArray(
            [partition],
            (inner, index) =>
              void inner
                .appendInt32(index)
                .appendUnsignedVarInt(batch.length + 1)
                .append(batch),
          ),
      )
      .appendTaggedFields(),
  produceV9.parseResponse,
);

/**
 * An idempotent producer: batches of a partition are numbered, and the broker drops a repeat. At most one batch of a partition is under
 * way, so that a repeat can never overtake and a refused number means that nothing of the batch was written.
 */
export function createProducer(cluster: Cluster): Producer {
  let identity: Promise<Identity> | undefined;
  /** Next number, by producer and partition. */
  const sequences = new Map<string, number>();
  const underWay = new Map<string, Promise<unknown>>();

  function identify(): Promise<Identity> {
    const asked = cluster.persist('begin to write', () => cluster.call(initProducerIdV4.api, 'any', [null, TIMEOUT_MS]));
    const found = asked.then(({ producerId, producerEpoch }) => ({ id: producerId, epoch: producerEpoch }));
    found.catch(() => (identity = undefined));
    return found;
  }

  async function deliver(topic: string, partition: number, batch: Buffer): Promise<number> {
    const doing = `append to ${topic}/${partition}`;
    // Kept over all attempts: under another identity a repeat would not be known as one.
    let mine: Identity | undefined;
    /** It may have been written, and the answer was lost. */
    let mayStand = false;
    const attempt = async (): Promise<number> => {
      mine ??= await (identity ??= identify());
      const name = `${mine.id}/${mine.epoch} ${topic}/${partition}`;
      const sequence = sequences.get(name) ?? 0;
      stampBatch(batch, mine, sequence);
      let isAsked = false;
      try {
        const node = await cluster.leader(topic, partition);
        isAsked = true;
        const { responses } = await cluster.call(produceOne, node, [topic, partition, batch], 'produce');
        sequences.set(name, (sequence + countOf(batch)) % 2 ** 31);
        return Number(responses[0]!.partitionResponses[0]!.baseOffset);
      } catch (error) {
        cluster.forget(topic);
        const ids = kafkaErrorIds(error);
        // What Kafka will not take at any time it has not written.
        const isRefused = ids.length > 0 && !mayPass(error);
        if (isAsked && !isRefused) mayStand = true;
        if (ids.includes('INVALID_TIMESTAMP')) throw wrongTime(error, `${topic}/${partition}`);
        if (!ids.some((id) => STATE_LOST.has(id))) throw error;
        if (mine === (await identity)) identity = undefined;
        mine = undefined;
        throw new AppError('log_unavailable', `${cluster.config.shown}: cannot ${doing}: ${ids.join(', ')}.`, {
          retryable: true,
          cause: error,
        });
      }
    };
    try {
      return await cluster.persist(doing, attempt);
    } catch (error) {
      // Its number may be taken: the next batch would be dropped as its repeat.
      if (mayStand && mine && mine === (await identity?.catch(() => undefined))) identity = undefined;
      throw error;
    }
  }

  function wrongTime(error: unknown, name: string): unknown {
    const says =
      'the time of a record is further from the clock of the broker than it allows. Set the clocks, or message.timestamp.after.max.ms of the topic.';
    return new AppError('log_refused', `${cluster.config.shown}: cannot append to ${name}: ${says}`, {
      cause: explainKafkaError(error, '', ''),
    });
  }

  return {
    send(topic, partition, batch) {
      const name = `${topic}/${partition}`;
      const before = underWay.get(name) ?? Promise.resolve();
      const sending = before.then(
        () => deliver(topic, partition, batch),
        () => deliver(topic, partition, batch),
      );
      underWay.set(name, sending);
      return sending;
    },
  };
}
