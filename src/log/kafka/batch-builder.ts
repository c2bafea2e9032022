/** A record batch, built for sending. */
import { AT, ATTRIBUTE, BEFORE_LENGTH_BYTES, CHECKED_FROM, HEADER_BYTES } from './batch-header.ts';
import { CODECS, checksum, compress } from './codecs.ts';
import type { Codec } from './codecs.ts';

/** Records of one batch, added one by one: bytes only, no object per record. */
export interface BatchBuilder {
  /** A null value is a tombstone, a null key is none. `time`: epoch ms. */
  add(key: Uint8Array | null, value: Uint8Array | null, time: number): void;
  readonly count: number;
  /** Before compression. */
  readonly bytes: number;
  /** The batch as it goes to the broker; `stampBatch` fills in who sends it. */
  finish(codec: Codec): Buffer;
}

/** Lengths and numbers of one record take at most this. */
const OVERHEAD_BYTES = 40;

export function buildBatch(sizeHint = 4096): BatchBuilder {
  let buffer = Buffer.allocUnsafe(sizeHint + OVERHEAD_BYTES);
  let end = 0;
  let count = 0;
  let baseTime = 0;
  let maxTime = 0;

  function room(bytes: number): void {
    if (end + bytes <= buffer.length) return;
    const wider = Buffer.allocUnsafe(Math.max(2 * buffer.length, end + bytes));
    wider.set(buffer.subarray(0, end));
    buffer = wider;
  }

  function varint(value: number): void {
    end = writeVarint(buffer, end, value);
  }

  function field(bytes: Uint8Array | null): void {
    varint(bytes === null ? -1 : bytes.length);
    if (bytes === null) return;
    buffer.set(bytes, end);
    end += bytes.length;
  }

  return {
    get count() {
      return count;
    },
    get bytes() {
      return end;
    },

    add(key, value, time) {
      const [keyLength, valueLength] = [key?.length ?? 0, value?.length ?? 0];
      room(OVERHEAD_BYTES + keyLength + valueLength);
      if (count === 0) baseTime = maxTime = time;
      maxTime = Math.max(maxTime, time);
      const delta = time - baseTime;
      const length =
        2 +
        varintBytes(delta) +
        varintBytes(count) +
        varintBytes(key ? keyLength : -1) +
        keyLength +
        varintBytes(value ? valueLength : -1) +
        valueLength;
      varint(length);
      buffer[end++] = 0;
      varint(delta);
      varint(count++);
      field(key);
      field(value);
      varint(0);
    },

    finish(codec) {
      const records = compress(codec, buffer.subarray(0, end));
      const batch = Buffer.alloc(HEADER_BYTES + records.length);
      batch.set(records, HEADER_BYTES);
      batch.writeInt32BE(batch.length - BEFORE_LENGTH_BYTES, AT.length);
      batch.writeInt32BE(-1, AT.leaderEpoch);
      batch[AT.magic] = 2;
      batch.writeInt16BE(CODECS.indexOf(codec) & ATTRIBUTE.codec, AT.attributes);
      batch.writeInt32BE(count - 1, AT.lastOffsetDelta);
      batch.writeBigInt64BE(BigInt(baseTime), AT.baseTimestamp);
      batch.writeBigInt64BE(BigInt(maxTime), AT.maxTimestamp);
      batch.writeInt32BE(count, AT.count);
      stampBatch(batch, { id: -1n, epoch: -1 }, -1);
      return batch;
    },
  };
}

/** Who sends the batch, and the number of its first record among all that they sent to the partition: a repeat is known by them. */
export function stampBatch(batch: Buffer, producer: { id: bigint; epoch: number }, sequence: number): void {
  batch.writeBigInt64BE(producer.id, AT.producerId);
  batch.writeInt16BE(producer.epoch, AT.producerEpoch);
  batch.writeInt32BE(sequence, AT.baseSequence);
  batch.writeUInt32BE(checksum(batch.subarray(CHECKED_FROM)), AT.crc);
}

/** Records in a batch that `finish` made. */
export function countOf(batch: Buffer): number {
  return batch.readInt32BE(AT.count);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function writeVarint(buffer: Buffer, at: number, value: number): number {
  let rest = zigzag(value);
  while (rest >= 0x80) {
    buffer[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  buffer[at++] = rest;
  return at;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = zigzag(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
