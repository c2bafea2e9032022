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

/** @param seed of its hash, unknown outside: nobody can send strings that all fall together */
export function createByteDictionary(seed: number): ByteDictionary {
  let mask = 63;
  /** Code + 1; 0 is a free place. */
  let places = new Int32Array(mask + 1);
  let hashes = new Int32Array(32);
  let ends = new Int32Array(32);
  let held = new DataView(new ArrayBuffer(512));
  let size = 0;

  function grow(): void {
    mask = mask * 2 + 1;
    places = new Int32Array(mask + 1);
    hashes = widened(hashes);
    ends = widened(ends);
    for (let code = 0; code < size; code++) {
      let at = hashes[code]! & mask;
      while (places[at] !== 0) at = (at + 1) & mask;
      places[at] = code + 1;
    }
  }

  return {
    get size() {
      return size;
    },
    get heldBytes() {
      return size === 0 ? 0 : ends[size - 1]!;
    },
    find(view, from, to) {
      const hash = hashOf(seed, view, from, to);
      for (let at = hash & mask; ; at = (at + 1) & mask) {
        const code = places[at]! - 1;
        if (code < 0) return -1;
        if (hashes[code] !== hash) continue;
        const start = code === 0 ? 0 : ends[code - 1]!;
        if (ends[code]! - start === to - from && same(view, from, to, held, start)) return code;
      }
    },
    add(view, from, to) {
      if (size * 2 > mask) grow();
      const hash = hashOf(seed, view, from, to);
      const start = size === 0 ? 0 : ends[size - 1]!;
      const end = start + to - from;
      if (end > held.byteLength) {
        const wider = new Uint8Array(Math.max(end, held.byteLength * 2));
        wider.set(new Uint8Array(held.buffer));
        held = new DataView(wider.buffer);
      }
      for (let k = from; k < to; k++) held.setUint8(start + k - from, view.getUint8(k));
      hashes[size] = hash;
      ends[size] = end;
      let at = hash & mask;
      while (places[at] !== 0) at = (at + 1) & mask;
      places[at] = ++size;
      return size - 1;
    },
    clear() {
      places.fill(0);
      size = 0;
    },
  };
}

function widened(from: Int32Array): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(from.length * 2);
  wider.set(from);
  return wider;
}

function hashOf(seed: number, view: DataView, from: number, to: number): number {
  let hash = seed ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  let rest = 0;
  for (; at < to; at++) rest = (rest << 8) | view.getUint8(at);
  hash = Math.imul(hash ^ rest, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

function same(view: DataView, from: number, to: number, other: DataView, at: number): boolean {
  for (; from + 4 <= to; from += 4, at += 4) if (view.getInt32(from, true) !== other.getInt32(at, true)) return false;
  for (; from < to; from++, at++) if (view.getUint8(from) !== other.getUint8(at)) return false;
  return true;
}
