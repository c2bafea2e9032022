/**
 * One segment of the id memory: open addressing with linear probing over one typed array. A place is 3 words: both halves of the hash
 * and the event time (ms after the segment's base, from 1; 0: free); a fourth has the time's upper part where 49 days do not hold all
 * times, a fifth stands in segments that compare whole ids, and says where the id's bytes are.
 *
 * An expired place is never matched; it is taken by the next id that passes it or is pushed there, and dropped when the segment is built anew.
 *
 * Places of 3 words are in the order of the hash all the time ("Robin Hood"): an id that comes pushes those behind it on, up to the first place
 * that is free or expired. So it is seen that an id is not there where one stands that is nearer to its own first place: after a
 * few places, also where the table is nearly full. And building anew reads and writes memory from one end to the other.
 *
 * `after`: ids whose event time (epoch ms) is not after it are forgotten.
 */
import { copyText, isText, roomFor, textSize, writeText } from './id-text.ts';

export interface Segment {
  places: Int32Array<ArrayBuffer>;
  /** Words a place: 3, 4 or 5. */
  stride: number;
  capacity: number;
  /** Places in use, expired ones included. */
  used: number;
  /** Epoch ms that times count from. */
  base: number;
  /** The ids themselves, where they are compared; a place that says 0 has none. */
  texts: Uint8Array | undefined;
  textsUsed: number;
}

/** Memory that segments have left, for others of about that size: made anew each time, it would have the garbage collected too often. */
export type Spares = Int32Array<ArrayBuffer>[];

/** As much time as one word holds, ms; with another word times of 9,000 years fit. */
const ONE_WORD = 2 ** 32 - 1;
const UPPER_BIT = 1 << 31;
const TWO_WORDS = ONE_WORD * 2 ** 16;
const SMALLEST = 16;
const SMALLEST_TEXTS = 64;
/** Built anew when this much of it is in use, a little earlier in some than in others: then their turns do not all come at once. */
const FULLEST = 0.9;
const EARLIER = 0.03;
/** In use after it was built anew: 15.6 bytes an id, with room for a while; more room while nothing expires, as it then goes on growing. */
const FILLED = 0.77;
const FILLED_GROWING = 0.7;
/** As many expired as this say that it does not grow. */
const EXPIRED_STEADY = 0.04;
/** Event times may come in this far before those that are there, ms. */
const ROOM_BEFORE = 2 ** 28;
const SPARES_MAX = 2;
/** What is used again may be larger by so much than what is needed. */
const SPARE_LARGER = 1.03;

export function createSegment(whole: boolean): Segment {
  const stride = whole ? 5 : 3;
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
export function timeAt({ places, stride, base }: Segment, at: number): number {
  return base + (places[at + 2]! >>> 0) - 1 + (stride > 3 ? places[at + 3]! * ONE_WORD : 0);
}

/** The largest first word of a time that is not after `after`, in places of 3 words. */
function expiredWord(base: number, after: number): number {
  return Math.max(0, Math.min(ONE_WORD, after - base + 1));
}

/** Reads the place where an id is looked for first, and so has it at hand. */
export function touch({ places, stride, capacity }: Segment, low: number): number {
  return places[Math.floor((low >>> 0) * (capacity / 2 ** 32)) * stride + 2]!;
}

/**
 * Index in `places` of the id (its halves as signed words); where it is not there, `-1 -` the index of the place where it would go.
 * `text` is compared where the segment has texts.
 */
export function search(segment: Segment, low: number, high: number, after: number, text: string): number {
  const { places, stride, capacity } = segment;
  if (stride !== 3) return searchWide(segment, low, high, after, text);
  const { length } = places;
  const scale = capacity / 2 ** 32;
  let at = firstPlace(low, scale);
  for (let distance = 0; ; distance += 3) {
    if (places[at + 2] === 0) return -1 - at;
    const other = places[at]!;
    if (other !== low) {
      const nearer = distanceOf(other, at, scale, length) - distance;
      if (nearer < 0 || (nearer === 0 && (other ^ UPPER_BIT) > (low ^ UPPER_BIT))) return -1 - at;
    } else if (places[at + 1] === high) return at;
    at += 3;
    if (at === length) at = 0;
  }
}

/** Of an id, in places of 3 words. */
function firstPlace(low: number, scale: number): number {
  return Math.floor((low >>> 0) * scale) * 3;
}

/** How far the place of an id is from its first one, in words. */
function distanceOf(low: number, at: number, scale: number, length: number): number {
  const distance = at - firstPlace(low, scale);
  return distance < 0 ? distance + length : distance;
}

function searchWide(segment: Segment, low: number, high: number, after: number, text: string): number {
  const { places, stride, capacity, texts } = segment;
  let reusable = -1;
  for (let at = Math.floor((low >>> 0) * (capacity / 2 ** 32)) * stride; ;) {
    if (places[at + 2] === 0) return reusable < 0 ? -1 - at : -1 - reusable;
    if (places[at] === low && places[at + 1] === high && (texts === undefined || isText(texts, places[at + 4]!, text))) return at;
    if (reusable < 0 && timeAt(segment, at) <= after) reusable = at;
    at += stride;
    if (at === places.length) at = 0;
  }
}

/** Whether an id of this time may be put in without building the segment anew. `share`: of the segments before this one, 0 to 1. */
export function hasRoom({ used, capacity, base, stride, texts, textsUsed }: Segment, time: number, text: string, share: number): boolean {
  const after = time - base;
  if (after < 0 || after >= (stride > 3 ? TWO_WORDS : ONE_WORD)) return false;
  if (texts !== undefined && textsUsed + roomFor(text) > texts.length) return false;
  return used < capacity * (FULLEST - EARLIER * share);
}

/** Puts the id in the place that `search` gave, which must have room. */
export function put(segment: Segment, found: number, low: number, high: number, time: number, after: number): void {
  const { places, stride, base } = segment;
  const at = found < 0 ? -1 - found : found;
  if (stride === 3 && found < 0) pushOn(places, at, expiredWord(base, after));
  if (places[at + 2] === 0) segment.used++;
  const elapsed = time - base;
  places[at] = low;
  places[at + 1] = high;
  if (stride === 3) {
    places[at + 2] = elapsed + 1;
    return;
  }
  const upper = Math.floor(elapsed / ONE_WORD);
  places[at + 2] = elapsed - upper * ONE_WORD + 1;
  places[at + 3] = upper;
}

/** Makes a place at `at`: what stands from there to the first place that is free or expired goes on by one. */
function pushOn(places: Int32Array, at: number, expiredTo: number): void {
  const { length } = places;
  const expired = expiredTo ^ UPPER_BIT;
  let to = at;
  while ((places[to + 2]! ^ UPPER_BIT) > expired) {
    to += 3;
    if (to === length) to = 0;
  }
  const wasFree = places[to + 2] === 0;
  while (to !== at) {
    const from = to === 0 ? length - 3 : to - 3;
    places[to] = places[from]!;
    places[to + 1] = places[from + 1]!;
    places[to + 2] = places[from + 2]!;
    to = from;
  }
  if (wasFree) places[at + 2] = 0;
}

/** Puts the id's text beside the place that `search` gave, in a segment that has texts; undefined: not known, the hash has to do. */
export function putText(segment: Segment, found: number, text: string | undefined): void {
  segment.places[(found < 0 ? -1 - found : found) + 4] = text === undefined ? 0 : segment.textsUsed;
  if (text !== undefined) segment.textsUsed = writeText(segment.texts!, segment.textsUsed, text);
}

/** Makes room in an empty segment for so many ids, with times from about `base` on. */
export function reserve(segment: Segment, ids: number, base: number): void {
  segment.capacity = Math.max(SMALLEST, Math.ceil(ids / FILLED));
  segment.places = new Int32Array(segment.capacity * segment.stride);
  segment.base = Math.max(0, base - ROOM_BEFORE);
}

/** Makes the segment smaller where much of it is expired. */
export function trim(segment: Segment, after: number, spares: Spares): void {
  const { live } = survey(segment, after);
  const isGrowing = segment.used - live < segment.used * EXPIRED_STEADY;
  if (live < segment.capacity * (isGrowing ? 0.5 : FILLED - 0.02) && segment.capacity > 2 * SMALLEST)
    rebuild(segment, after, NaN, '', spares);
}

/** Builds the segment anew, with room for what it holds and for an id of this time (epoch ms; NaN: none). */
export function rebuild(segment: Segment, after: number, time: number, text: string, spares: Spares): void {
  const { places, stride, base, texts, used } = segment;
  const found = survey(segment, after);
  const earliest = Math.min(found.earliest, Number.isNaN(time) ? Infinity : time);
  const latest = Math.max(found.latest, Number.isNaN(time) ? -Infinity : time);
  const isGrowing = used - found.live < used * EXPIRED_STEADY;
  const capacity = Math.max(SMALLEST, Math.ceil((found.live + 1) / (isGrowing ? FILLED_GROWING : FILLED)) + 4);
  segment.base = earliest === Infinity ? 0 : Math.max(0, earliest - ROOM_BEFORE);
  // As much again: times go on, and the base stays until the next time.
  if (texts === undefined) segment.stride = (latest - segment.base) * 2 < ONE_WORD ? 3 : 4;
  segment.places = placesFor(capacity, segment.stride, spares);
  segment.capacity = Math.floor(segment.places.length / segment.stride);
  segment.used = found.live;
  if (stride === 3 && segment.stride === 3) moveAll(places, base, segment, after);
  else moveAllWide({ ...segment, places, stride, base, texts }, segment, { after, textRoom: found.textBytes + roomFor(text) });
  if (stride === 3) spares.push(places);
  if (spares.length > SPARES_MAX) spares.shift();
}

/** Of 3 words, all of it is places: the search goes from its end to its beginning. */
function placesFor(capacity: number, stride: number, spares: Spares): Int32Array<ArrayBuffer> {
  const words = capacity * stride;
  const i = stride === 3 ? spares.findIndex(({ length }) => length >= words && length <= words * SPARE_LARGER) : -1;
  return i === -1 ? new Int32Array(words) : spares.splice(i, 1)[0]!.fill(0);
}

/** The ids of a segment are told apart already, and in order: each goes behind the last one, or to its first place. */
function moveAll(from: Int32Array, fromBase: number, to: Segment, after: number): void {
  const { places, capacity, base } = to;
  const expired = expiredWord(fromBase, after);
  const later = fromBase - base;
  const scale = capacity / 2 ** 32;
  const fromScale = from.length / 3 / 2 ** 32;
  let next = 0;
  let wrappedTo = 0;
  for (let at = 0; at < from.length; at += 3) {
    const time = from[at + 2]! >>> 0;
    if (time <= expired) continue;
    const low = from[at]!;
    if (firstPlace(low, fromScale) > at) {
      wrappedTo = at + 3;
      continue;
    }
    const place = Math.max(next, firstPlace(low, scale));
    if (place < places.length) {
      places[place] = low;
      places[place + 1] = from[at + 1]!;
      places[place + 2] = time + later;
      next = place + 3;
    } else insertAgain(to, low, from[at + 1]!, base + time + later - 1, after);
  }
  // What had gone on from the end to the beginning.
  for (let at = 0; at < wrappedTo; at += 3) {
    const time = from[at + 2]! >>> 0;
    const low = from[at]!;
    if (time > expired && firstPlace(low, fromScale) > at) insertAgain(to, low, from[at + 1]!, base + time + later - 1, after);
  }
}

/** Into a segment that is built anew, which counts it already. */
function insertAgain(to: Segment, low: number, high: number, time: number, after: number): void {
  const { used } = to;
  put(to, search(to, low, high, after, ''), low, high, time, after);
  to.used = used;
}

function moveAllWide(from: Segment, to: Segment, { after, textRoom }: { after: number; textRoom: number }): void {
  const { places, stride, capacity } = to;
  if (from.texts !== undefined) to.texts = new Uint8Array(Math.max(SMALLEST_TEXTS, Math.ceil((1 + textRoom) / FILLED)));
  to.textsUsed = 1;
  to.used = 0;
  for (let at = 0; at < from.places.length; at += from.stride) {
    if (from.places[at + 2] === 0) continue;
    const time = timeAt(from, at);
    if (time <= after) continue;
    const low = from.places[at]!;
    if (stride === 3) {
      put(to, search(to, low, from.places[at + 1]!, after, ''), low, from.places[at + 1]!, time, after);
      continue;
    }
    let free = Math.floor((low >>> 0) * (capacity / 2 ** 32)) * stride;
    while (places[free + 2] !== 0) {
      free += stride;
      if (free === places.length) free = 0;
    }
    put(to, free, low, from.places[at + 1]!, time, after);
    if (from.texts === undefined || from.places[at + 4] === 0) continue;
    places[free + 4] = to.textsUsed;
    to.textsUsed = copyText(from.texts, from.places[at + 4]!, to.texts!, to.textsUsed);
  }
}

interface Survey {
  readonly live: number;
  /** Of their event times, epoch ms. */
  readonly earliest: number;
  readonly latest: number;
  readonly textBytes: number;
}

function survey(segment: Segment, after: number): Survey {
  const { places, stride, base, texts } = segment;
  let live = 0;
  if (stride === 3) {
    const expired = expiredWord(base, after);
    let [first, last] = [ONE_WORD, 0];
    for (let at = 2; at < places.length; at += 3) {
      const time = places[at]! >>> 0;
      if (time <= expired) continue;
      live++;
      if (time < first) first = time;
      if (time > last) last = time;
    }
    return { live, earliest: live > 0 ? base + first - 1 : Infinity, latest: live > 0 ? base + last - 1 : -Infinity, textBytes: 0 };
  }
  let [earliest, latest] = [Infinity, -Infinity];
  let textBytes = 0;
  for (let at = 0; at < places.length; at += stride) {
    if (places[at + 2] === 0) continue;
    const time = timeAt(segment, at);
    if (time <= after) continue;
    live++;
    if (time < earliest) earliest = time;
    if (time > latest) latest = time;
    if (texts !== undefined && places[at + 4] !== 0) textBytes += textSize(texts, places[at + 4]!);
  }
  return { live, earliest, latest, textBytes };
}
