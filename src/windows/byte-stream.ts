/** Bytes written and read one value after the other: whole numbers as varints (7 bits a byte, the lowest first), the rest as it lies. */

export interface ByteWriter {
  /** A whole number from 0 to 2^53 - 1. */
  count(value: number): void;
  number(value: number): void;
  /** With its length before it. */
  bytes(value: Uint8Array): void;
  text(value: string): void;
  readonly length: number;
  /** What was written, as a view: good until the next value. */
  written(): Uint8Array;
  /** A copy of it; the writer begins anew. */
  take(): Uint8Array;
}

export interface ByteReader {
  count(): number;
  number(): number;
  /** A copy. */
  bytes(): Uint8Array;
  /** The same as a view. */
  part(): Uint8Array;
  text(): string;
  readonly atEnd: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function createByteWriter(capacity = 4_096): ByteWriter {
  let buffer = new Uint8Array(capacity);
  let view = new DataView(buffer.buffer);
  let length = 0;

  function room(wanted: number): void {
    if (length + wanted <= buffer.length) return;
    const wider = new Uint8Array(Math.max(buffer.length * 2, length + wanted));
    wider.set(buffer.subarray(0, length));
    buffer = wider;
    view = new DataView(buffer.buffer);
  }

  const writer: ByteWriter = {
    get length() {
      return length;
    },
    count(value) {
      room(8);
      let rest = value;
      for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) buffer[length++] = (rest % 0x80) | 0x80;
      for (; rest >= 0x80; rest >>>= 7) buffer[length++] = (rest & 0x7f) | 0x80;
      buffer[length++] = rest;
    },
    number(value) {
      room(8);
      view.setFloat64(length, value, true);
      length += 8;
    },
    bytes(value) {
      writer.count(value.length);
      room(value.length);
      buffer.set(value, length);
      length += value.length;
    },
    text(value) {
      const before = length;
      writer.count(value.length);
      room(value.length);
      for (let i = 0; i < value.length; i++) {
        const unit = value.charCodeAt(i);
        if (unit >= 0x80) {
          length = before;
          writer.bytes(encoder.encode(value));
          return;
        }
        buffer[length++] = unit;
      }
    },
    written: () => buffer.subarray(0, length),
    take() {
      const taken = buffer.slice(0, length);
      length = 0;
      return taken;
    },
  };
  return writer;
}

/** @throws RangeError where the bytes end before a value does */
export function createByteReader(buffer: Uint8Array): ByteReader {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  let at = 0;

  function take(length: number): Uint8Array {
    if (at + length > buffer.length) throw new RangeError(`${length} bytes wanted at ${at} of ${buffer.length}`);
    at += length;
    return buffer.subarray(at - length, at);
  }

  const reader: ByteReader = {
    get atEnd() {
      return at === buffer.length;
    },
    count() {
      const first = buffer[at];
      if (first !== undefined && first < 0x80) {
        at++;
        return first;
      }
      let value = 0;
      for (let scale = 1; ; scale *= 0x80) {
        const byte = buffer[at];
        if (byte === undefined) throw new RangeError(`another byte wanted at the end of ${buffer.length}`);
        at++;
        value += (byte & 0x7f) * scale;
        if (byte < 0x80) return value;
      }
    },
    number() {
      if (at + 8 > buffer.length) throw new RangeError(`8 bytes wanted at ${at} of ${buffer.length}`);
      at += 8;
      return view.getFloat64(at - 8, true);
    },
    bytes: () => take(reader.count()).slice(),
    part: () => take(reader.count()),
    text: () => decoder.decode(take(reader.count())),
  };
  return reader;
}
