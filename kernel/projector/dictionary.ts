/** Byte strings by number: dense codes from 0, in the order in which they were added; each with bits and notes that its owner gives it. */
import { sameBytes } from './bytes.ts';
import { allocate, release } from './memory.ts';

@unmanaged
export class Dictionary {
  places: usize;
  /** Of the places, a power of two; 64 less its logarithm. */
  count: u32;
  shift: u32;
  entries: usize;
  capacity: u32;
  size: u32;
  held: usize;
  heldCapacity: u32;
  /** Bytes of all strings together. */
  heldSize: u32;
  /** Notes of each entry. */
  slots: u32;
  /** Odd and unknown outside, so nobody can send strings that all fall together. */
  headKey: u64;
  tailKey: u64;
  lengthKey: u64;
}

/** A place of the table: what up to 16 bytes say of a string, so that most are told apart by it alone. */
@unmanaged
class Place {
  head: u64;
  tail: u64;
  length: u32;
  /** The entry + 1; 0: free. */
  code: u32;
}
const PLACE_BITS: u32 = 5;

@unmanaged
class Entry {
  /** In the bytes held. */
  start: u32;
  length: u32;
  bits: u32;
}
const ENTRY_BYTES: usize = 12;
/** Nothing is noted. */
export const UNKNOWN: i32 = -1;

const FIRST_COUNT: u32 = 64;

export function createDictionary(slots: u32, keys: usize): Dictionary {
  const made = changetype<Dictionary>(allocate(offsetof<Dictionary>()));
  made.slots = slots;
  made.headKey = load<u64>(keys) | 1;
  made.tailKey = load<u64>(keys + 8) | 1;
  made.lengthKey = load<u64>(keys + 16) | 1;
  made.capacity = FIRST_COUNT / 2;
  made.entries = allocate((made.capacity as usize) * entryBytes(made));
  made.heldCapacity = 512;
  made.held = allocate(512);
  made.count = FIRST_COUNT;
  made.shift = 58;
  made.places = allocate((FIRST_COUNT as usize) << PLACE_BITS);
  return made;
}

function entryBytes(dictionary: Dictionary): usize {
  return ENTRY_BYTES + ((dictionary.slots as usize) << 2);
}

function entryOf(dictionary: Dictionary, entry: u32): Entry {
  return changetype<Entry>(dictionary.entries + (entry as usize) * entryBytes(dictionary));
}

/** The first eight bytes, or as many as there are. */
function headOf(from: usize, length: u32): u64 {
  const eight = load<u64>(from);
  if (length >= 8) return eight;
  return eight & ((1 << ((length as u64) << 3)) - 1);
}

/** The place of the string, or the free one where it would go. */
function placeOf(dictionary: Dictionary, from: usize, to: usize): Place {
  const length = (to - from) as u32;
  const head = headOf(from, length);
  const tail = length > 8 ? load<u64>(to - 8) : 0;
  let hash = head * dictionary.headKey + tail * dictionary.tailKey + (length as u64) * dictionary.lengthKey;
  if (length > 16) {
    for (let at = from + 8; at < to - 8; at += 8) hash = (hash ^ (hash >> 32) ^ load<u64>(at)) * dictionary.headKey;
  }
  const mask = dictionary.count - 1;
  let k = (hash >> dictionary.shift) as u32;
  while (true) {
    const place = changetype<Place>(dictionary.places + ((k as usize) << PLACE_BITS));
    if (place.code === 0) return place;
    const isLike = place.head === head && place.length === length && place.tail === tail;
    if (isLike && (length <= 16 || sameBytes(from, heldAt(dictionary, place.code - 1), length as usize))) return place;
    k = (k + 1) & mask;
  }
}

/** Code of the bytes at [from, to); UNKNOWN where they were not added. */
export function find(dictionary: Dictionary, from: usize, to: usize): i32 {
  return (placeOf(dictionary, from, to).code as i32) - 1;
}

/** Adds bytes that are not in it; their code. */
export function add(dictionary: Dictionary, from: usize, to: usize): u32 {
  if (dictionary.size === dictionary.capacity) grow(dictionary);
  const length = (to - from) as u32;
  if (dictionary.heldSize + length > dictionary.heldCapacity) {
    const capacity = max(dictionary.heldCapacity * 2, dictionary.heldSize + length);
    const wider = allocate(capacity as usize);
    memory.copy(wider, dictionary.held, dictionary.heldSize as usize);
    release(dictionary.held, dictionary.heldCapacity as usize);
    dictionary.held = wider;
    dictionary.heldCapacity = capacity;
  }
  memory.copy(dictionary.held + (dictionary.heldSize as usize), from, length as usize);
  const code = dictionary.size++;
  const entry = entryOf(dictionary, code);
  entry.start = dictionary.heldSize;
  entry.length = length;
  entry.bits = 0;
  for (let slot: u32 = 0; slot < dictionary.slots; slot++) setNote(dictionary, code, slot, UNKNOWN);
  dictionary.heldSize += length;
  put(dictionary, code, from, to);
  return code;
}

function put(dictionary: Dictionary, code: u32, from: usize, to: usize): void {
  const place = placeOf(dictionary, from, to);
  place.length = (to - from) as u32;
  place.head = headOf(from, place.length);
  place.tail = place.length > 8 ? load<u64>(to - 8) : 0;
  place.code = code + 1;
}

function grow(dictionary: Dictionary): void {
  const entries = allocate((dictionary.capacity as usize) * 2 * entryBytes(dictionary));
  memory.copy(entries, dictionary.entries, (dictionary.size as usize) * entryBytes(dictionary));
  release(dictionary.entries, (dictionary.capacity as usize) * entryBytes(dictionary));
  dictionary.entries = entries;
  dictionary.capacity *= 2;
  // The places follow from the entries.
  release(dictionary.places, (dictionary.count as usize) << PLACE_BITS);
  dictionary.count *= 2;
  dictionary.shift--;
  dictionary.places = allocate((dictionary.count as usize) << PLACE_BITS);
  for (let code: u32 = 0; code < dictionary.size; code++) {
    const from = heldAt(dictionary, code);
    put(dictionary, code, from, from + (lengthOf(dictionary, code) as usize));
  }
}

export function clear(dictionary: Dictionary): void {
  memory.fill(dictionary.places, 0, (dictionary.count as usize) << PLACE_BITS);
  dictionary.size = 0;
  dictionary.heldSize = 0;
}

/** Where the bytes of an entry stand, until the next one is added. */
export function heldAt(dictionary: Dictionary, entry: u32): usize {
  return dictionary.held + (entryOf(dictionary, entry).start as usize);
}

export function lengthOf(dictionary: Dictionary, entry: u32): u32 {
  return entryOf(dictionary, entry).length;
}

export function bitsOf(dictionary: Dictionary, entry: u32): u32 {
  return entryOf(dictionary, entry).bits;
}

export function setBits(dictionary: Dictionary, entry: u32, bits: u32): void {
  entryOf(dictionary, entry).bits = bits;
}

export function noteOf(dictionary: Dictionary, entry: u32, slot: u32): i32 {
  return load<i32>(changetype<usize>(entryOf(dictionary, entry)) + ENTRY_BYTES + ((slot as usize) << 2));
}

export function setNote(dictionary: Dictionary, entry: u32, slot: u32, note: i32): void {
  store<i32>(changetype<usize>(entryOf(dictionary, entry)) + ENTRY_BYTES + ((slot as usize) << 2), note);
}

/** Nothing is noted in this slot any more. */
export function forgetNotes(dictionary: Dictionary, slot: u32): void {
  for (let entry: u32 = 0; entry < dictionary.size; entry++) setNote(dictionary, entry, slot, UNKNOWN);
}
