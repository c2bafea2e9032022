/** Byte strings by number: dense codes from 0, in the order in which they were added; looked up without making a string. */
export interface ByteDictionary {
  readonly size: number;
  /** Bytes of all strings together. */
  readonly heldBytes: number;
  /** Code of the bytes at [from, to) of the view; -1 where they were not added. */
  find(view: DataView, from: number, to: number): number;
  /** Adds bytes that are not in it; their code. */
  add(view: DataView, from: number, to: number): number;
  clear(): void;
}

/** Per place of the table: code + 1 (0: free), length, the first four bytes and the last four. Up to eight bytes these say everything. */
const PLACE = 4;

/** @param seed of its hash, unknown outside: nobody can send strings that all fall together */
export function createByteDictionary(seed: number): ByteDictionary {
  let mask = 63;
  let places = new Int32Array((mask + 1) * PLACE);
  let ends = new Int32Array(32);
  let held = new DataView(new ArrayBuffer(512));
  let size = 0;

  function startOf(code: number): number {
    return code === 0 ? 0 : ends[code - 1]!;
  }

  /** The place of the string, or the free one where it would go. */
  function placeOf(view: DataView, from: number, to: number): number {
    const length = to - from;
    const head = headOf(view, from, length);
    const tail = length <= 4 ? head : view.getInt32(to - 4, true);
    let hash = Math.imul(head ^ seed, 0x9e3779b1) ^ Math.imul(tail + length, 0x85ebca6b);
    for (let at = from + 4; at < to - 4; at += 4) hash = Math.imul(hash ^ (hash >>> 15) ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 16;
    for (let at = (hash & mask) * PLACE; ; at = (at + PLACE) & (mask * PLACE)) {
      const code = places[at]! - 1;
      if (code < 0) return at;
      if (places[at + 1] !== length || places[at + 2] !== head || places[at + 3] !== tail) continue;
      if (length <= 8 || sameMiddle(view, from, to, held, startOf(code))) return at;
    }
  }

  function put(view: DataView, from: number, to: number, code: number): void {
    const length = to - from;
    const at = placeOf(view, from, to);
    places[at] = code + 1;
    places[at + 1] = length;
    places[at + 2] = headOf(view, from, length);
    places[at + 3] = length <= 4 ? places[at + 2]! : view.getInt32(to - 4, true);
  }

  function grow(): void {
    mask = mask * 2 + 1;
    places = new Int32Array((mask + 1) * PLACE);
    const wider = new Int32Array(ends.length * 2);
    wider.set(ends);
    ends = wider;
    for (let code = 0; code < size; code++) put(held, startOf(code), ends[code]!, code);
  }

  return {
    get size() {
      return size;
    },
    get heldBytes() {
      return size === 0 ? 0 : ends[size - 1]!;
    },
    find: (view, from, to) => places[placeOf(view, from, to)]! - 1,
    add(view, from, to) {
      if (size * 2 > mask) grow();
      const start = size === 0 ? 0 : ends[size - 1]!;
      const end = start + to - from;
      if (end > held.byteLength) {
        const wider = new Uint8Array(Math.max(end, held.byteLength * 2));
        wider.set(new Uint8Array(held.buffer));
        held = new DataView(wider.buffer);
      }
      for (let k = from; k < to; k++) held.setUint8(start + k - from, view.getUint8(k));
      ends[size] = end;
      put(view, from, to, size);
      return size++;
    },
    clear() {
      places.fill(0);
      size = 0;
    },
  };
}

/** The first four bytes, or as many as there are. */
function headOf(view: DataView, from: number, length: number): number {
  if (length >= 4) return view.getInt32(from, true);
  let head = 0;
  for (let k = 0; k < length; k++) head |= view.getUint8(from + k) << (8 * k);
  return head;
}

/** Whether all but the first and the last four bytes are the same. */
function sameMiddle(view: DataView, from: number, to: number, other: DataView, start: number): boolean {
  for (let k = 4; k < to - from - 4; k += 4) if (view.getInt32(from + k, true) !== other.getInt32(start + k, true)) return false;
  return true;
}
