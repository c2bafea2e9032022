/** The fields of a record whose values are known by number (coded-field.ts), resolved one record after the other. */
import { createCodedField, UNKNOWN, type CodedField } from './coded-field.ts';
import type { Bytes } from './event-demand.ts';
import { ABSENT, ARRAY, ESCAPED, NUMBER, OBJECT, TEXT } from './json-kinds.ts';
import type { Projection } from './projection.ts';
import type { Scanned } from './scanner.ts';

export interface CodedFields {
  /** Per field: the tests that its value meets, as bits. */
  readonly bits: Int32Array;
  /** Looks at the fields that `where` and the lookups need; false where it is not sure what they are. */
  resolveFirst(at: Bytes): boolean;
  /** The others. */
  resolveRest(at: Bytes): boolean;
  /** Puts what lookup `l` has for the text of its key into its field; false where the table lacks it. */
  join(l: number): boolean;
  /** Whether the field's text came out of a table. */
  isJoined(field: number): boolean;
  /** Text of a field that is one. */
  textOf(field: number): string;
  /** Code of the label noted for the field's text; UNKNOWN where there is none. */
  labelOf(field: number): number;
  noteLabel(field: number, code: number): number;
  forgetLabels(): void;
  /** Which of the versions the field names; below 0 where it names none. */
  versionOf(field: number): number;
  trim(): void;
}

/** Noted: there is nothing. */
const NOTHING = -2;
const LABEL_SLOT = 0;
const VERSION_SLOT = 1;
const LOOKUP_SLOTS = 2;

export function createCodedFields(projection: Projection, seed: number, scanned: Scanned): CodedFields {
  const { names, tests, dimensions, where, lookups, feeds, version } = projection;
  const { kinds, starts, ends, numbers } = scanned;
  const bits = new Int32Array(names.length);
  const entries = new Int32Array(names.length).fill(UNKNOWN);
  const joined = new Set(lookups.map(({ field }) => field));
  const keys = new Set(lookups.map(({ by }) => by));
  const textual = new Set(feeds.filter(({ adds }) => adds === 'text').map(({ field }) => field));
  const fields = names.map((_, field): CodedField | undefined => {
    const learns = !joined.has(field) && (dimensions.includes(field) || textual.has(field));
    const isVersion = version?.field === field;
    if (!learns && tests[field]!.length === 0 && !joined.has(field) && !keys.has(field) && !isVersion) return undefined;
    const texts = [...lookups.flatMap(({ by, table }) => (by === field ? Object.keys(table) : [])), ...(isVersion ? version.texts : [])];
    return createCodedField({ seed, tests: tests[field]!, texts, learns, slots: LOOKUP_SLOTS + lookups.length });
  });
  const coded = names.map((_, field) => field).filter((field) => fields[field] && !joined.has(field));
  const isFirst = (field: number): boolean => keys.has(field) || where.some((test) => test.field === field);
  const first = coded.filter(isFirst);
  const rest = coded.filter((field) => !isFirst(field));

  function resolve(field: number, at: Bytes): boolean {
    const values = fields[field]!;
    const kind = kinds[field]!;
    if (kind === TEXT) {
      const entry = values.entryOf(at.bytes, at.view, starts[field]!, ends[field]!);
      entries[field] = entry;
      bits[field] = values.bitsOf(entry);
      return true;
    }
    if (kind === ESCAPED || kind === OBJECT || kind === ARRAY) return false;
    bits[field] = kind === ABSENT ? 0 : kind === NUMBER ? values.bitsOfNumber(numbers[field]!) : values.bitsOfKind[kind]!;
    return true;
  }

  function resolveAll(list: readonly number[], at: Bytes): boolean {
    for (let k = 0; k < list.length; k++) if (!resolve(list[k]!, at)) return false;
    return true;
  }

  const textOf = (field: number): string => fields[field]!.texts[entries[field]!]!;

  /** What `make` says of the field's text, asked once for each. */
  function noted(field: number, slot: number, make: (text: string) => number): number {
    const entry = entries[field]!;
    if (entry < 0) return NOTHING;
    const known = fields[field]!.noted(slot, entry);
    if (known !== UNKNOWN) return known;
    const code = make(textOf(field));
    fields[field]!.note(slot, entry, code);
    return code;
  }

  const joins = lookups.map(({ field, table }) => (key: string): number => {
    const value = Object.hasOwn(table, key) ? table[key] : undefined;
    return value === undefined ? NOTHING : fields[field]!.entryOfText(value);
  });
  const versionNamed = (text: string): number => {
    const index = version?.texts.indexOf(text) ?? -1;
    return index < 0 ? NOTHING : index;
  };

  return {
    bits,
    resolveFirst: (at) => resolveAll(first, at),
    resolveRest: (at) => resolveAll(rest, at),
    join(l) {
      const { by, field } = lookups[l]!;
      const entry = noted(by, LOOKUP_SLOTS + l, joins[l]!);
      if (entry < 0) return false;
      entries[field] = entry;
      bits[field] = fields[field]!.bitsOf(entry);
      kinds[field] = TEXT;
      return true;
    },
    isJoined: (field) => joined.has(field),
    textOf,
    labelOf: (field) => fields[field]!.noted(LABEL_SLOT, entries[field]!),
    noteLabel(field, code) {
      fields[field]!.note(LABEL_SLOT, entries[field]!, code);
      return code;
    },
    forgetLabels() {
      for (const field of dimensions) fields[field]?.forgetNotes(LABEL_SLOT);
    },
    versionOf(field) {
      if (kinds[field] === NUMBER) return versionNamed(String(numbers[field]));
      return kinds[field] === TEXT ? noted(field, VERSION_SLOT, versionNamed) : NOTHING;
    },
    trim() {
      for (const values of fields) values?.trim();
    },
  };
}
