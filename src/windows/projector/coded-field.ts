/**
 * What is known of a field's values without making them: texts by their bytes, each with the tests that it meets as bits, the code of
 * its label, and what lookups make of it. Where labels or texts are wanted, every value that comes is taken up; else only those that
 * some test or table names.
 */
import type { Scalar } from '../spec.ts';
import { createByteDictionary } from './byte-dictionary.ts';
import { FALSE, NULL, TRUE } from './json-kinds.ts';

export interface CodedFieldConfig {
  readonly seed: number;
  /** Per bit: the values for which it is set. */
  readonly tests: readonly (readonly Scalar[])[];
  /** Texts that must be known beside those of the tests. */
  readonly texts: readonly string[];
  /** Whether other values are taken up as they come. */
  readonly learns: boolean;
  /** Slots for notes that each entry has. */
  readonly slots: number;
}

export interface CodedField {
  /** The entry of the text at [from, to); -1 where it is none of those known. */
  entryOf(bytes: Uint8Array, view: DataView, from: number, to: number): number;
  entryOfText(text: string): number;
  /** Bits of an entry, or 0. */
  bitsOf(entry: number): number;
  bitsOfNumber(value: number): number;
  /** Bits of `true`, `false` and `null`, by kind. */
  readonly bitsOfKind: Int32Array;
  /** Of each entry. */
  readonly texts: readonly string[];
  /** What its owner made of an entry and noted in this slot; UNKNOWN until then. */
  noted(slot: number, entry: number): number;
  note(slot: number, entry: number, code: number): void;
  forgetNotes(slot: number): void;
  /** Forgets what it learnt, when that has become much. Entries then mean something else. */
  trim(): void;
}

/** Nothing is noted. */
export const UNKNOWN = -1;
const ENTRIES_MAX = 100_000;
const HELD_BYTES_MAX = 8_000_000;

export function createCodedField({ seed, tests, texts: named, learns, slots }: CodedFieldConfig): CodedField {
  const dictionary = createByteDictionary(seed);
  const texts: string[] = [];
  const notes = Array.from({ length: slots }, () => new Int32Array(64).fill(UNKNOWN));
  let bits = new Int32Array(64);
  const bitsOfKind = new Int32Array(32);
  bitsOfKind[TRUE] = bitsOfScalar(true);
  bitsOfKind[FALSE] = bitsOfScalar(false);
  bitsOfKind[NULL] = bitsOfScalar(null);
  const atStart = new Set([...tests.flat().filter((value) => typeof value === 'string'), ...named]);
  const hasNumbers = tests.flat().some((value) => typeof value === 'number');
  begin();

  function bitsOfScalar(value: Scalar): number {
    let set = 0;
    for (let bit = 0; bit < tests.length; bit++) {
      const anyOf = tests[bit]!;
      for (let k = 0; k < anyOf.length; k++) if (anyOf[k] === value) set |= 1 << bit;
    }
    return set;
  }

  function begin(): void {
    // A lone surrogate has no UTF-8; only with escapes can a record contain it, and those are left to others.
    for (const text of atStart) if (text.isWellFormed()) entryOfText(text);
  }

  function add(view: DataView, from: number, to: number, text: string): number {
    const entry = dictionary.add(view, from, to);
    if (entry >= bits.length) {
      bits = widened(bits);
      for (let slot = 0; slot < slots; slot++) notes[slot] = widened(notes[slot]!);
    }
    bits[entry] = bitsOfScalar(text);
    for (let slot = 0; slot < slots; slot++) notes[slot]![entry] = UNKNOWN;
    texts.push(text);
    return entry;
  }

  function entryOfText(text: string): number {
    const bytes = new TextEncoder().encode(text);
    const view = new DataView(bytes.buffer);
    const known = dictionary.find(view, 0, bytes.length);
    return known >= 0 ? known : add(view, 0, bytes.length, text);
  }

  return {
    texts,
    bitsOfKind,
    entryOfText,
    entryOf(bytes, view, from, to) {
      const known = dictionary.find(view, from, to);
      if (known >= 0 || !learns) return known;
      return add(view, from, to, Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8'));
    },
    bitsOf: (entry) => (entry < 0 ? 0 : bits[entry]!),
    bitsOfNumber: (value) => (hasNumbers ? bitsOfScalar(value) : 0),
    noted: (slot, entry) => notes[slot]![entry]!,
    note(slot, entry, code) {
      notes[slot]![entry] = code;
    },
    forgetNotes(slot) {
      notes[slot]!.fill(UNKNOWN);
    },
    trim() {
      if (!learns || (dictionary.size <= ENTRIES_MAX + atStart.size && dictionary.heldBytes <= HELD_BYTES_MAX)) return;
      dictionary.clear();
      texts.length = 0;
      begin();
    },
  };
}

function widened(from: Int32Array): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(from.length * 2);
  wider.set(from);
  return wider;
}
