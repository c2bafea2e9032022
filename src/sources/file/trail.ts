/** What was read of an input, as a fingerprint: tells the file that was begun with, also grown, from any other. */
import { createHash } from 'node:crypto';

/** Bytes of content that are hashed at the beginning and before the position. */
export const TRAIL_BYTES = 65_536;

/** Where to go on in an input; JSON. All lengths and positions in decompressed bytes. */
export interface LineResume {
  /** Everything before it was delivered. */
  readonly position: number;
  /** Lines delivered. */
  readonly line: number;
  /** The first min(position, 65536) bytes, sha256 in hex. */
  readonly headLength: number;
  readonly headHash: string;
  /** The last min(position, 65536) bytes before the position. */
  readonly tailLength: number;
  readonly tailHash: string;
  /** The last line delivered had no LF yet: the input ended there. */
  readonly open?: true;
}

export interface Trail {
  /** The next bytes of the content; they are copied. */
  seen(bytes: Uint8Array): void;
  /** All bytes seen so far are delivered. */
  mark(): void;
  /** Starts at a position, from what stands before it. */
  restore(head: Uint8Array, tail: Uint8Array, position: number): void;
  position(): number;
  resume(line: number, open: boolean): LineResume;
}

export function createTrail(): Trail {
  const head = Buffer.alloc(TRAIL_BYTES);
  let headSeen = 0;
  const marked = createTail();
  const after = createTail();
  let position = 0;
  let seenAfter = 0;
  let fullHeadHash: string | undefined;

  return {
    seen(bytes) {
      if (headSeen < TRAIL_BYTES) {
        const part = bytes.subarray(0, TRAIL_BYTES - headSeen);
        head.set(part, headSeen);
        headSeen += part.length;
      }
      after.push(bytes);
      seenAfter += bytes.length;
    },
    mark() {
      marked.push(after.bytes());
      after.clear();
      position += seenAfter;
      seenAfter = 0;
    },
    restore(newHead, tail, at) {
      head.set(newHead);
      headSeen = newHead.length;
      marked.push(tail);
      position = at;
    },
    position: () => position,
    resume(line, open) {
      const headLength = Math.min(position, TRAIL_BYTES);
      if (headLength === TRAIL_BYTES) fullHeadHash ??= sha256(head);
      const tail = marked.bytes();
      return {
        position,
        line,
        headLength,
        headHash: headLength === TRAIL_BYTES ? (fullHeadHash as string) : sha256(head.subarray(0, headLength)),
        tailLength: tail.length,
        tailHash: sha256(tail),
        ...(open ? { open: true as const } : {}),
      };
    },
  };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The last 64 kB of what was pushed. */
function createTail() {
  const buffer = Buffer.alloc(2 * TRAIL_BYTES);
  let length = 0;
  const bytes = (): Uint8Array => buffer.subarray(Math.max(0, length - TRAIL_BYTES), length);
  return {
    bytes,
    push(more: Uint8Array) {
      const part = more.subarray(Math.max(0, more.length - TRAIL_BYTES));
      if (length + part.length > buffer.length) {
        const kept = bytes();
        buffer.copyWithin(0, kept.byteOffset - buffer.byteOffset, length);
        length = kept.length;
      }
      buffer.set(part, length);
      length += part.length;
    },
    clear() {
      length = 0;
    },
  };
}
