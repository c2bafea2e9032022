/** Kafka's record batch, version 2: a header of 61 bytes, then records, compressed as a whole. Numbers are big-endian. */
export const HEADER_BYTES = 61;
/** Base offset and length come before what the length counts. */
export const BEFORE_LENGTH_BYTES = 12;
/** The checksum covers all from the attributes on. */
export const CHECKED_FROM = 21;

export const AT = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
} as const;

/** Bits of the attributes; the lowest three are the codec. */
export const ATTRIBUTE = { codec: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const;
