/**
 * Random record streams. A stream is drawn as a list of steps that know nothing of the pipeline, and then built for a
 * source, so that a failing case shrinks step by step.
 */
import { fc } from '../support/fast-check.ts';
import type { SourceSpec } from '../../src/windows/spec.ts';
import type { ClockKind } from '../oracle/outcomes.ts';
import type { OracleRecord } from '../oracle/record.ts';
import { DEVICE_OF_AD, DIMENSION_VALUES, KINDS } from './spec-arbitrary.ts';

/** What a step puts into the partition. `copy`: the same bytes again; `reuse`: the id of an earlier record, all else new. */
const STEP_KINDS = ['event', 'copy', 'reuse', 'shared', 'blank', 'tombstone', 'garbage', 'fault', 'filtered', 'unknown', 'long'] as const;
type StepKind = (typeof STEP_KINDS)[number];
const WEIGHTS: Readonly<Record<StepKind, number>> = {
  event: 60,
  copy: 10,
  reuse: 8,
  shared: 6,
  blank: 3,
  tombstone: 1,
  garbage: 5,
  fault: 7,
  filtered: 5,
  unknown: 3,
  long: 2,
};

/** What an event says of its version; without versions it is a field as any other. */
const VERSIONS: readonly Fields[] = [
  { v: '1' },
  { v: '2' },
  { v: 1 },
  { v: 2 },
  { v: '1' },
  { v: '2' },
  { v: '3' },
  { v: null },
  {},
  { v: ['1'] },
];

export interface Step {
  readonly kind: StepKind;
  /** Append time since the step before, ms. */
  readonly gapMs: number;
  /** Append time minus event time, ms; negative: the event is from ahead. */
  readonly delayMs: number;
  /** Event times on the whole second meet window ends exactly. */
  readonly wholeSecond: boolean;
  /** Choices taken modulo what there is to choose from. */
  readonly pick: readonly [number, number, number, number];
  readonly amount: number;
  readonly amountForm: 'number' | 'absent' | 'null' | 'text';
  readonly paid: boolean;
  readonly spelling: 'plain' | 'spaced' | 'escaped' | 'reversed' | 'extra';
}

const between = (min: number, max: number) => fc.integer({ min, max });

export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(...STEP_KINDS.map((kind) => ({ weight: WEIGHTS[kind], arbitrary: fc.constant(kind) }))),
  gapMs: fc.oneof(
    { weight: 20, arbitrary: between(0, 1_500) },
    { weight: 4, arbitrary: between(2_000, 20_000) },
    { weight: 1, arbitrary: between(120_000, 400_000) },
  ),
  delayMs: fc.oneof(
    { weight: 20, arbitrary: between(0, 3_000) },
    { weight: 5, arbitrary: between(-2_000, 0) },
    { weight: 6, arbitrary: between(3_000, 20_000) },
    { weight: 5, arbitrary: between(20_000, 90_000) },
    { weight: 2, arbitrary: between(-30_000, -5_000) },
    { weight: 2, arbitrary: between(-700_000, -200_000) },
    { weight: 1, arbitrary: between(86_400_000, 400_000_000) },
  ),
  wholeSecond: fc.boolean(),
  pick: fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
  // Sums of these depend on the order of addition. `-0` is left out: JSON text does not tell it from 0 on the way out.
  amount: fc.double({ min: -1_000, max: 1_000_000, noNaN: true }).map((amount) => amount + 0),
  amountForm: fc.constantFrom('number', 'number', 'number', 'number', 'absent', 'null', 'text'),
  paid: fc.boolean(),
  spelling: fc.constantFrom('plain', 'plain', 'spaced', 'escaped', 'reversed', 'extra'),
});

type Fields = Record<string, unknown>;

const encode = (text: string) => new TextEncoder().encode(text);
const escape = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
const of = <T>(list: readonly T[], pick: number) => list[pick % list.length] as T;

/** `startMs`: epoch ms of the first append. Append times never fall. */
export function recordsOf(source: SourceSpec, clock: ClockKind, startMs: number, steps: readonly Step[]): OracleRecord[] {
  const records: OracleRecord[] = [];
  const sent: { id: string; bytes: Uint8Array }[] = [];
  let appendTime = startMs;
  steps.forEach((one, index) => {
    appendTime += one.gapMs;
    const earlier = sent.length === 0 ? undefined : sent[sent.length - 1 - (one.pick[0] % Math.min(sent.length, 12))];
    if (one.kind === 'copy' && earlier) {
      records.push({ bytes: earlier.bytes, appendTime });
      return;
    }
    const id = one.kind === 'shared' ? `shared-${one.pick[0] % 3}` : one.kind === 'reuse' && earlier ? earlier.id : `${index}`;
    const bytes = bytesOf(source, one, eventFields(source, one, id, eventTime(source, clock, appendTime, one)));
    if (bytes && !['blank', 'garbage'].includes(one.kind)) sent.push({ id, bytes });
    records.push({ bytes, appendTime });
  });
  return records;
}

function eventTime(source: SourceSpec, clock: ClockKind, appendTime: number, one: Step): number {
  // By event time and without a limit ahead, a single leap would make all that follows late.
  const unguarded = clock === 'event' && source.event.maxAheadMs === undefined;
  const time = appendTime - Math.max(one.delayMs, unguarded ? -3_000 : -Infinity);
  // Quarters of a second are exact in binary: no rounding of `s` texts decides a case.
  const grainMs = one.wholeSecond ? 1_000 : source.event.timeUnit === 's' ? 250 : 1;
  return Math.floor(time / grainMs) * grainMs;
}

function eventFields(source: SourceSpec, one: Step, id: string, time: number): Fields {
  const numeric = hasSchema(source) || one.amountForm === 'number';
  const amount: Fields = numeric ? { amount: one.amount } : one.amountForm === 'null' ? { amount: null } : { amount: `${one.amount}` };
  const device: Fields =
    source.lookups.length > 0
      ? { ad: of(Object.keys(DEVICE_OF_AD), one.pick[3]) }
      : { device: of(DIMENSION_VALUES['device']!, one.pick[3]) };
  return {
    id: one.wholeSecond && /^\d+$/.test(id) ? Number(id) : id,
    at: timeText(source, one, time),
    kind: of(source.where.length > 0 ? KINDS.slice(0, 2) : KINDS, one.pick[0]),
    country: of(DIMENSION_VALUES['country']!, one.pick[1]),
    format: of(DIMENSION_VALUES['format']!, one.pick[2]),
    ...device,
    ...(one.amountForm === 'absent' ? {} : amount),
    paid: one.paid,
    user: `user-${one.pick[1] % 7}`,
    latency: (one.pick[2] % 5_000) + 1,
    ...of(VERSIONS, one.pick[0] + one.pick[2]),
  };
}

function hasSchema({ schema, versions }: SourceSpec): boolean {
  return schema !== undefined || versions !== undefined;
}

function timeText(source: SourceSpec, one: Step, time: number): string | number {
  if (source.event.timeUnit !== 'iso') {
    const value = source.event.timeUnit === 's' ? time / 1_000 : time;
    return one.paid ? value : `${value}`;
  }
  const { zoneMs } = source.event;
  const utc = new Date(time).toISOString();
  if (zoneMs !== undefined && one.paid)
    return new Date(time + zoneMs)
      .toISOString()
      .slice(0, -1)
      .replace('T', one.wholeSecond ? 'T' : ' ');
  if (one.spelling !== 'extra') return utc;
  return new Date(time + 9 * 3_600_000).toISOString().replace('Z', '+09:00');
}

function bytesOf(source: SourceSpec, one: Step, fields: Fields): Uint8Array | null {
  switch (one.kind) {
    case 'tombstone':
      return null;
    case 'blank':
      return encode([' '.repeat(700), '', ' ', '\r', ' \t\r'][one.pick[0] % 5] as string);
    case 'garbage':
      return garbage(one, encode(JSON.stringify(fields)));
    case 'long':
      return encode(JSON.stringify({ ...fields, padding: 'x'.repeat(700) }));
    case 'fault':
      return encode(JSON.stringify(faulty(source, one, fields)));
    case 'filtered':
      return encode(JSON.stringify(filtered(one, fields)));
    case 'unknown':
      return encode(JSON.stringify({ ...fields, ad: ['nowhere', 'constructor', 7, null][one.pick[0] % 4] }));
    default:
      return encode(spelled(one, fields));
  }
}

/** The same object in other bytes. */
function spelled(one: Step, fields: Fields): string {
  if (one.spelling === 'spaced') return ` ${JSON.stringify(fields, undefined, ' ').replaceAll('\n', '\r')}\t`;
  if (one.spelling === 'reversed') return JSON.stringify(Object.fromEntries(Object.entries(fields).reverse()));
  if (one.spelling === 'escaped') {
    return JSON.stringify(fields).replaceAll(/(?<=[:{,]")[a-zK-Z]/g, escape);
  }
  if (one.spelling === 'extra')
    return JSON.stringify({ deep: { id: 'no', at: [{}] }, ...fields, ID: 1 }).replace('{', '{"__proto__":{"kind":"no"},"kind":0,');
  return JSON.stringify(fields);
}

function garbage(one: Step, whole: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(whole);
  const forms: readonly Uint8Array[] = [
    whole.subarray(0, one.pick[1] % whole.length),
    new Uint8Array([...whole.subarray(0, 12), 0xff, ...whole.subarray(12)]),
    new Uint8Array([0xed, 0xa0, 0x80]),
    encode('[1]'),
    encode('null'),
    encode('"text"'),
    encode('{"id":NaN}'),
    encode(`${text},`),
    encode(`\uFEFF${text}`),
    encode(`${text}\n${text}`),
    encode('['.repeat(300)),
    new Uint8Array([one.pick[1] % 256, one.pick[2] % 256, one.pick[3] % 256]),
  ];
  return forms[one.pick[0] % forms.length] as Uint8Array;
}

function faulty(source: SourceSpec, one: Step, fields: Fields): Fields {
  const names = hasSchema(source) ? ['id', 'at', 'kind', 'country', 'format', 'amount'] : ['id', 'at'];
  const broken = { ...fields };
  // One field, or two: the first in the order of the schema is the one to be named.
  for (const pick of one.paid ? [one.pick[0], one.pick[3]] : [one.pick[0]]) {
    const name = names[pick % names.length] as string;
    if (one.pick[1] % 3 === 0) delete broken[name];
    else if (one.pick[1] % 3 === 1) broken[name] = [null, [], {}, true][one.pick[2] % 4];
    else
      broken[name] =
        name === 'amount'
          ? 1_000_001
          : name === 'id' && one.pick[3] % 2 === 0
            ? [7.5, 2 ** 53][one.pick[2] % 2]
            : ['no such value '.repeat(6), '2026-02-30T00:00:00.000Z', '2026-03-02T10:00:00'][one.pick[2] % 3];
  }
  return broken;
}

/** Not of the kinds that a source with a filter wants: said so, said by another type, or not said at all; and perhaps wrong besides. */
function filtered(one: Step, fields: Fields): Fields {
  const { kind: _, ...rest } = fields;
  const other = [{ kind: 'buy' }, { kind: 'buy', at: 'never' }, { kind: 5 }, {}, { at: 'never' }, { kind: ['view'] }][one.pick[0] % 6];
  return { ...rest, ...other };
}
