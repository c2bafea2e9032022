/**
 * One segment of ids in JavaScript's own memory: open addressing with linear probing over one typed array. A place is 4 words: both halves of
 * the hash and the event time (ms after the segment's base, from 1, lower part first; 0: free); a fifth stands in segments that compare whole
 * ids, and says where the id's bytes are.
 *
 * An expired place is never matched; it is taken by the next id that passes it, and dropped when the segment is built anew.
 *
 * `after`: ids whose event time (epoch ms) is not after it are forgotten.
 */
import type { Forgotten } from './table.ts';
import { copyText, isText, roomFor, textSize, writeText } from './text.ts';

export interface Segment {
  places: Int32Array<ArrayBuffer>;
  /** Words a place: 4 or 5. */
  readonly stride: number;
  capacity: number;
  /** Places in use, expired ones included. */
  used: number;
  /** Epoch ms that times count from. */
  base: number;
  /** The ids themselves, where they are compared; a place that says 0 has none. */
  texts: Uint8Array | undefined;
  textsUsed: number;
}

/** As much time as one word holds, ms; with another word times of 9,000 years fit. */
const ONE_WORD = 2 ** 32 - 1;
const TWO_WORDS = ONE_WORD * 2 ** 16;
const SMALLEST = 16;
const SMALLEST_TEXTS = 64;
/** Built anew when this much of it is in use, a little earlier in some than in others: then their turns do not all come at once. */
const FULLEST = 0.9;
const EARLIER = 0.03;
/** In use after it was built anew: room for a while; more room while nothing expires, as it then goes on growing. */
const FILLED = 0.77;
const FILLED_GROWING = 0.7;
/** As many expired as this say that it does not grow. */
const EXPIRED_STEADY = 0.04;
/** Event times may come in this far before those that are there, ms. */
const ROOM_BEFORE = 2 ** 28;

export function createSegment(whole: boolean): Segment {
  const stride = whole ? 5 : 4;
  return {
    places: new Int32Array(SMALLEST * stride),
    stride,
    capacity: SMALLEST,
    used: 0,
    base: 0,
    texts: whole ? new Uint8Array(SMALLEST_TEXTS) : undefined,
    textsUsed: 1,
  };
}

export function bytesOf({ places, texts }: Segment): number {
  return places.byteLength + (texts?.byteLength ?? 0);
}

/** Event time of the id in a place, epoch ms. */
export function timeAt({ places, base }: Segment, at: number): number {
  return base + (places[at + 2]! >>> 0) - 1 + places[at + 3]! * ONE_WORD;
}

/**
 * Index in `places` of the id (its halves as signed words); where it is not there, `-1 -` the index of the place where it would go.
 * `text` is compared where the segment has texts.
 */
export function search(segment: Segment, low: number, high: number, forgotten: Readonly<Forgotten>, text: string): number {
  const { places, stride, capacity, texts } = segment;
  let reusable = -1;
  for (let at = Math.floor((low >>> 0) * (capacity / 2 ** 32)) * stride; ;) {
    if (places[at + 2] === 0) return reusable < 0 ? -1 - at : -1 - reusable;
    if (places[at] === low && places[at + 1] === high && (texts === undefined || isText(texts, places[at + 4]!, text))) return at;
    if (reusable < 0 && timeAt(segment, at) <= forgotten.to) reusable = at;
    at += stride;
    if (at === places.length) at = 0;
  }
}

/** Whether an id of this time may be put in without building the segment anew. `share`: of the segments before this one, 0 to 1. */
export function hasRoom({ used, capacity, base, texts, textsUsed }: Segment, time: number, text: string, share: number): boolean {
  const after = time - base;
  if (after < 0 || after >= TWO_WORDS) return false;
  if (texts !== undefined && textsUsed + roomFor(text) > texts.length) return false;
  return used < capacity * (FULLEST - EARLIER * share);
}

/** Puts the id in the place that `search` gave, which must have room. */
export function put(segment: Segment, found: number, low: number, high: number, time: number): void {
  const { places, base } = segment;
  const at = found < 0 ? -1 - found : found;
  if (places[at + 2] === 0) segment.used++;
  const elapsed = time - base;
  const upper = Math.floor(elapsed / ONE_WORD);
  places[at] = low;
  places[at + 1] = high;
  places[at + 2] = elapsed - upper * ONE_WORD + 1;
  places[at + 3] = upper;
}

/** Puts the id's text beside the place that `search` gave, in a segment that has texts; undefined: not known, the hash has to do. */
export function putText(segment: Segment, found: number, text: string | undefined): void {
  segment.places[(found < 0 ? -1 - found : found) + 4] = text === undefined ? 0 : segment.textsUsed;
  if (text !== undefined) segment.textsUsed = writeText(segment.texts!, segment.textsUsed, text);
}

/** Makes the segment smaller where much of it is expired. */
export function trim(segment: Segment, after: number): void {
  const { live } = survey(segment, after);
  const isGrowing = segment.used - live < segment.used * EXPIRED_STEADY;
  if (live < segment.capacity * (isGrowing ? 0.5 : FILLED - 0.02) && segment.capacity > 2 * SMALLEST) rebuild(segment, after, NaN, '');
}

/** Builds the segment anew, with room for what it holds and for an id of this time (epoch ms; NaN: none). */
export function rebuild(segment: Segment, after: number, time: number, text: string): void {
  const from = { ...segment };
  const { live, earliest, textBytes } = survey(from, after);
  const first = Math.min(earliest, Number.isNaN(time) ? Infinity : time);
  const isGrowing = from.used - live < from.used * EXPIRED_STEADY;
  segment.capacity = Math.max(SMALLEST, Math.ceil((live + 1) / (isGrowing ? FILLED_GROWING : FILLED)) + 4);
  segment.base = first === Infinity ? 0 : Math.max(0, first - ROOM_BEFORE);
  segment.places = new Int32Array(segment.capacity * segment.stride);
  segment.used = 0;
  segment.textsUsed = 1;
  if (from.texts !== undefined)
    segment.texts = new Uint8Array(Math.max(SMALLEST_TEXTS, Math.ceil((1 + textBytes + roomFor(text)) / FILLED)));
  moveAll(from, segment, after);
}

/** The ids are told apart already: each goes to the first free place. */
function moveAll(from: Segment, to: Segment, after: number): void {
  const { places, stride, capacity } = to;
  for (let at = 0; at < from.places.length; at += stride) {
    if (from.places[at + 2] === 0) continue;
    const time = timeAt(from, at);
    if (time <= after) continue;
    const low = from.places[at]!;
    let free = Math.floor((low >>> 0) * (capacity / 2 ** 32)) * stride;
    while (places[free + 2] !== 0) {
      free += stride;
      if (free === places.length) free = 0;
    }
    put(to, free, low, from.places[at + 1]!, time);
    if (from.texts === undefined || from.places[at + 4] === 0) continue;
    places[free + 4] = to.textsUsed;
    to.textsUsed = copyText(from.texts, from.places[at + 4]!, to.texts!, to.textsUsed);
  }
}

interface Survey {
  readonly live: number;
  /** Of their event times, epoch ms. */
  readonly earliest: number;
  readonly textBytes: number;
}

function survey(segment: Segment, after: number): Survey {
  const { places, stride, texts } = segment;
  let live = 0;
  let earliest = Infinity;
  let textBytes = 0;
  for (let at = 0; at < places.length; at += stride) {
    if (places[at + 2] === 0) continue;
    const time = timeAt(segment, at);
    if (time <= after) continue;
    live++;
    if (time < earliest) earliest = time;
    if (texts !== undefined && places[at + 4] !== 0) textBytes += textSize(texts, places[at + 4]!);
  }
  return { live, earliest, textBytes };
}
