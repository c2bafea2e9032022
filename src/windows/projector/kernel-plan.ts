/** Tells the kernel what is asked of a source's records. */
import type { IdKey } from '../ids/hash.ts';
import { createIdHasher } from '../ids/hash.ts';
import { DISTINCT_KEY } from '../decode/decoder.ts';
import { intervalOf, isRange } from '../condition.ts';
import type { SourceSpec, Wanted } from '../spec.ts';
import { tellDemand } from './event-demand.ts';
import type { KernelMemory } from './kernel-memory.ts';
import type { FieldTest, Projection } from './projection.ts';

/** Of each coded field's notes: the code of the label; which version it is; then, what each lookup has for it. */
export const LABEL_SLOT = 0;
const VERSION_SLOT = 1;
const LOOKUP_SLOTS = 2;

/** For fields: there is none (`kernel/plan.ts`). */
const NONE = 0xffffffff;
const TIME_UNITS = { iso: 0, s: 1, ms: 2 } as const;
const ADDS = { one: 0, number: 1, number_is_there: 2, hash: 3, text: 4 } as const;
const ENTRIES_MAX = 100_000;
const HELD_BYTES_MAX = 8_000_000;

export interface KernelPlan {
  /** Forgets what fields have learnt, where that has become much; those fields. Entries then mean something else. */
  trim(): readonly number[];
}

export function tellPlan(
  memory: KernelMemory,
  projection: Projection,
  source: SourceSpec,
  idKey: IdKey,
  recordBytesMax: number,
): KernelPlan {
  const { kernel } = memory;
  const { names, tests, id, time, dimensions, where, lookups, feeds, demands, version } = projection;
  const { timeUnit, zoneMs } = source.event;
  const hasher = createIdHasher(idKey);
  const words = [0, 1, 2].flatMap((k) => Object.values({ ...hasher.hash(`dictionary ${k}`) }));
  const at = memory.put(new Uint8Array(Uint32Array.of(...words, ...idKey, ...DISTINCT_KEY).buffer));
  kernel.begin(names.length, at, recordBytesMax);
  for (const name of names) memory.withText(name, (from, length) => kernel.nameField(from, length));

  const joined = new Set(lookups.map(({ field }) => field));
  const keys = new Set(lookups.map(({ by }) => by));
  const textual = new Set(feeds.filter(({ adds }) => adds === 'text').map(({ field }) => field));
  const isVersion = (field: number): boolean => version?.field === field;
  const learns = (field: number): boolean => !joined.has(field) && (dimensions.includes(field) || textual.has(field));
  const isCoded = (field: number): boolean =>
    learns(field) || tests[field]!.length > 0 || joined.has(field) || keys.has(field) || isVersion(field);
  const coded = names.map((_, field) => field).filter(isCoded);
  for (const field of coded) {
    kernel.codeField(field, Number(learns(field)), LOOKUP_SLOTS + lookups.length);
    const values = tests[field]!;
    kernel.setLiteralBits(field, bitsOf(values, true), bitsOf(values, false), bitsOf(values, null));
    for (const wanted of new Set(values.flat())) {
      if (typeof wanted === 'number') kernel.setNumberBits(field, wanted, wanted, bitsOf(values, wanted));
      else if (isRange(wanted)) kernel.setNumberBits(field, intervalOf(wanted).least, intervalOf(wanted).most, bitsOf(values, wanted));
    }
    const isFirst = keys.has(field) || where.some((test) => test.field === field);
    if (!joined.has(field)) kernel.resolveField(field, Number(isFirst));
  }
  // Tables point to entries of the fields that they fill, which therefore come first.
  for (const field of [...coded].sort((a, b) => Number(joined.has(b)) - Number(joined.has(a)))) addTexts(field);

  const known = new Map(coded.map((field) => [field, kernel.entryCount(field)]));
  for (const test of where) kernel.addWhere(test.field, maskOf(test));
  for (const [l, { by, field }] of lookups.entries()) kernel.addLookup(by, field, LOOKUP_SLOTS + l);
  kernel.setEvent(id ?? NONE, time, TIME_UNITS[timeUnit], zoneMs ?? NaN, version?.field ?? NONE, VERSION_SLOT);
  // What is an event time is one to a schema too, where it names a zone.
  const isTimed = timeUnit === 'iso' && zoneMs === undefined;
  for (const demand of demands) tellDemand(memory, demand, names.length, isTimed ? time : undefined);
  for (const field of dimensions) kernel.addDimension(field, LABEL_SLOT);
  for (const { adds, field, where: conditions } of feeds) {
    kernel.addFeed(ADDS[adds], field);
    for (const test of conditions) kernel.addFeedTest(test.field, maskOf(test));
  }

  /** The texts that tests, tables or versions name, with what is known of them. What records bring is none of these, so it has no bits and no notes. */
  function addTexts(field: number): void {
    const values = tests[field]!;
    const tables = lookups.map(({ by, table }) => (by === field ? table : {}));
    const filled = lookups.flatMap((lookup) => (lookup.field === field ? Object.values(lookup.table) : []));
    const versions = isVersion(field) ? version!.texts : [];
    const named = [...values.flat().filter((value) => typeof value === 'string'), ...tables.flatMap((table) => Object.keys(table))];
    for (const text of new Set([...named, ...filled, ...versions])) {
      // A lone surrogate has no UTF-8; only with escapes can a record contain it, and those are left to others.
      const entry = text.isWellFormed() || filled.includes(text) ? entryOf(field, text) : undefined;
      if (entry === undefined) continue;
      kernel.setEntryBits(field, entry, bitsOf(values, text));
      if (versions.includes(text)) kernel.noteEntry(field, entry, VERSION_SLOT, versions.indexOf(text));
      for (const [l, table] of tables.entries()) {
        if (!Object.hasOwn(table, text)) continue;
        kernel.noteEntry(field, entry, LOOKUP_SLOTS + l, entryOf(lookups[l]!.field, table[text]!));
      }
    }
  }

  function entryOf(field: number, text: string): number {
    return memory.withText(text, (from, length) => kernel.entryOf(field, from, length));
  }

  return {
    trim: () =>
      coded.filter((field) => {
        const much = kernel.entryCount(field) > ENTRIES_MAX + known.get(field)! || kernel.heldBytes(field) > HELD_BYTES_MAX;
        if (!learns(field) || !much) return false;
        kernel.clearEntries(field);
        addTexts(field);
        return true;
      }),
  };
}

/** A bit for each test that names the value, or the very range. */
function bitsOf(tests: readonly (readonly Wanted[])[], value: Wanted): number {
  return tests.reduce((bits, anyOf, bit) => (anyOf.includes(value) ? bits | (1 << bit) : bits), 0);
}

function maskOf({ bit }: FieldTest): number {
  return 1 << bit;
}
