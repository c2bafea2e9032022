/**
 * Ids of accepted events in the order in which they came, packed for a snapshot: 12 bytes an id (16 where 49 days do not hold all
 * event times), and the whole ids where they are compared.
 */
import { readText, textSize, writeText } from './text.ts';

export interface IdChunk {
  /** Epoch ms that times count from. */
  readonly base: number;
  /** Words an id: both halves of the hash, the event time after the base (ms, lower word first). */
  readonly stride: 3 | 4;
  readonly words: Uint32Array;
  /** As in text.ts, in the order of the ids. */
  readonly texts?: Uint8Array;
}

/** Both halves of each hash. */
interface IdWords {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

export interface IdJournal {
  /** Id `i` of the columns, with the event time `times[i]`: columns, so that no number is passed, which may be an object for each id (table.ts). */
  add(i: number, ids: IdWords, times: Float64Array, text: string): void;
  readonly size: number;
  /** What was added since the last call; undefined: nothing. */
  take(): IdChunk | undefined;
}

const WORD = 2 ** 32;
/** Event times may come in this far before the first one of a chunk, ms. */
const ROOM_BEFORE = 2 ** 31;
const SMALLEST = 1 << 10;

export function sizeOf({ words, stride }: IdChunk): number {
  return words.length / stride;
}

/** Event time of id `i`, epoch ms. */
export function timeOf({ base, stride, words }: IdChunk, i: number): number {
  return base + words[i * stride + 2]! + (stride === 4 ? words[i * stride + 3]! * WORD : 0);
}

/** `whole`: with the ids themselves. */
export function createIdJournal(whole: boolean): IdJournal {
  let words = new Uint32Array(SMALLEST * 3);
  let stride: 3 | 4 = 3;
  let base = 0;
  let size = 0;
  let texts = new Uint8Array(whole ? SMALLEST : 0);
  let textsUsed = 0;

  function widen(): void {
    const wide = new Uint32Array((words.length / 3) * 4);
    for (let i = 0; i < size; i++) {
      const time = base + words[i * 3 + 2]!;
      wide[i * 4] = words[i * 3]!;
      wide[i * 4 + 1] = words[i * 3 + 1]!;
      wide[i * 4 + 2] = time % WORD;
      wide[i * 4 + 3] = Math.floor(time / WORD);
    }
    words = wide;
    stride = 4;
    base = 0;
  }

  function addText(text: string): void {
    while (textsUsed + text.length + 5 > texts.length) texts = grown(texts, new Uint8Array(texts.length * 2));
    textsUsed = writeText(texts, textsUsed, text);
  }

  return {
    get size() {
      return size;
    },
    add(i, ids, times, text) {
      const time = times[i]!;
      if (size === 0) base = Math.max(0, time - ROOM_BEFORE);
      let after = time - base;
      if (stride === 3 && (after < 0 || after >= WORD)) {
        widen();
        after = time;
      }
      const at = size * stride;
      if (at === words.length) words = grown(words, new Uint32Array(words.length * 2));
      words[at] = ids.low[i]!;
      words[at + 1] = ids.high[i]!;
      if (stride === 3) {
        words[at + 2] = after;
      } else {
        const upper = Math.floor(after / WORD);
        words[at + 2] = after - upper * WORD;
        words[at + 3] = upper;
      }
      size++;
      if (whole) addText(text);
    },
    take() {
      if (size === 0) return undefined;
      const chunk: IdChunk = { base, stride, words: words.slice(0, size * stride), ...(whole && { texts: texts.slice(0, textsUsed) }) };
      // What a burst needed is not kept; what the last turn needed is.
      if (words.length > 4 * size * stride && size > SMALLEST) words = new Uint32Array(size * 2 * 3);
      else if (stride === 4) words = new Uint32Array((words.length / 4) * 3);
      stride = 3;
      size = 0;
      textsUsed = 0;
      return chunk;
    },
  };
}

function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Gives the whole ids of a chunk one after the other; undefined: it has none. */
export function textsOf({ texts }: IdChunk): (() => string) | undefined {
  if (texts === undefined) return undefined;
  let at = 0;
  return () => {
    const text = readText(texts, at);
    at += textSize(texts, at);
    return text;
  };
}

/** One chunk of several with the same parts, in their order, without the ids that `isNeeded` does not ask for. */
export function mergeChunks(chunks: readonly IdChunk[], isNeeded: (time: number) => boolean): IdChunk | undefined {
  const journal = createIdJournal(chunks[0]?.texts !== undefined);
  const one = { low: new Uint32Array(1), high: new Uint32Array(1) };
  const times = new Float64Array(1);
  for (const chunk of chunks) {
    const { words, stride } = chunk;
    const texts = textsOf(chunk);
    for (let i = 0; i < sizeOf(chunk); i++) {
      const time = timeOf(chunk, i);
      const text = texts?.() ?? '';
      if (!isNeeded(time)) continue;
      one.low[0] = words[i * stride]!;
      one.high[0] = words[i * stride + 1]!;
      times[0] = time;
      journal.add(0, one, times, text);
    }
  }
  return journal.take();
}
