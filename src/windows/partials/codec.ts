/**
 * Partials <-> records of `p.partials`. A record is a version, a heading as JSON, then cells: label values through a dictionary of the
 * record's own, whole numbers in as few bytes as they need. What would be too long is cut into several records, the last of which
 * carries the progress; each can be taken in by itself, in any number of repeats.
 */
import { atOnce, createPace, type Sliced } from '../../core/slices.ts';
import { createCellColumns, type CellColumns } from './cell-columns.ts';
import type { Cell, CellList, StateValue } from '../cells.ts';
import { createByteReader, createByteWriter, type ByteReader, type ByteWriter } from '../byte-stream.ts';
import { createLabelsBook, fromJson, type LabelsBook, type NamedLabels } from './labels-codec.ts';
import { twinsOf } from './twins.ts';
import type { Partials, Progress, WindowFinal } from './partials.ts';
import type { PanePartial } from '../panes.ts';

/** 2: what is both live and at-final stands once. */
const VERSION = 2;
/** One cell, whatever its sketches, comes on top. */
const RECORD_BYTES_MAX = 448 << 10;

/** What stands over a record. `report`: JSON of the sender's, with the progress. */
interface Heading {
  readonly partition: string;
  /** Of the windows stage. */
  readonly revision: number;
  /** Number of values per cell. */
  readonly columns: number;
  readonly progress?: Omit<Progress, 'watermark'> & { readonly watermark: number | null };
  readonly report?: unknown;
}

export interface PartialsRecord {
  readonly partials: Partials;
  readonly revision: number;
  /** Comes with the progress. */
  readonly report?: unknown;
}

const LIVE = 0;
const REPLAYED = 1;
const FINAL = 2;
/** Of a pane, and of the window that begins with it, as it was when its end was passed. */
const BOTH = 3;
type Section = typeof LIVE | typeof REPLAYED | typeof FINAL | typeof BOTH;

const NONE = 0;
const COUNT = 1;
const NUMBER = 2;
const BYTES = 3;

/** What changed in a partition, as it is, or as bodies of records: how it comes from another thread. Structured-cloneable. */
export type Told = Pick<Partials, 'live' | 'finals'> | { readonly bodies: readonly Uint8Array[] };

export function encodePartials(record: PartialsRecord, maxBytes = RECORD_BYTES_MAX): Uint8Array[] {
  return headed(encodeBodies(record.partials, maxBytes), firstCell(record.partials)?.values.length ?? 0, record);
}

/** The same of what may be encoded already; `columns`: of the plan. */
export function encodeTold(
  told: Told,
  columns: number,
  { partials, ...rest }: Omit<PartialsRecord, 'partials'> & { readonly partials: Omit<Partials, 'live' | 'finals'> },
): Uint8Array[] {
  if (!('bodies' in told)) return encodePartials({ ...rest, partials: { ...partials, ...told } });
  const more = partials.replayed.length > 0 ? encodeBodies({ replayed: partials.replayed, live: [], finals: [] }) : [];
  return headed([...told.bodies, ...more], columns, { ...rest, partials });
}

/** At least one: what is told may be nothing but progress. */
export function encodeBodies(panes: Pick<Partials, 'live' | 'replayed' | 'finals'>, maxBytes = RECORD_BYTES_MAX): Uint8Array[] {
  return atOnce(encodingBodies(panes, { maxBytes }));
}

/** What they are written with, for whoever encodes often; one after the other. */
export interface BodyWriters {
  readonly current: ByteWriter;
  readonly open: ByteWriter;
}

export function createBodyWriters(): BodyWriters {
  return { current: createByteWriter(), open: createByteWriter() };
}

/** The same in slices. */
export function* encodingBodies(
  { live, replayed, finals }: Pick<Partials, 'live' | 'replayed' | 'finals'>,
  { maxBytes = RECORD_BYTES_MAX, writers: { current, open } = createBodyWriters() }: { maxBytes?: number; writers?: BodyWriters } = {},
): Sliced<Uint8Array[]> {
  const isDue = createPace();
  const bodies: Uint8Array[] = [];
  let dictionary = new Map<string, number>();

  function cut(): void {
    if (current.length > 0) bodies.push(current.take());
    dictionary = new Map();
  }

  /** A section is one grouping of one pane or window, or a part of it: the number of its cells that it took. */
  function* section(kind: Section, start: number, window: number, grouping: number, cells: CellList, from: number): Sliced<number> {
    if (current.length >= maxBytes) cut();
    let count = 0;
    for (; from + count < cells.length && (count === 0 || current.length + open.length < maxBytes); count++) {
      writeCell(open, dictionary, cells.at(from + count)!);
      if (isDue()) yield;
    }
    current.count(kind);
    current.number(start);
    current.count(window);
    current.count(grouping);
    current.count(count);
    current.bytes(open.take());
    return count;
  }

  function* sections(kind: Section, start: number, window: number, groupings: readonly CellList[]): Sliced<void> {
    for (const [grouping, cells] of groupings.entries()) {
      for (let from = 0; from < cells.length;) from += yield* section(kind, start, window, grouping, cells, from);
    }
  }

  const twins = yield* twinsOf(live, finals);
  for (const { start, window, cells } of twins.both) yield* sections(BOTH, start, window, cells);
  for (const { start, cells } of twins.live) yield* sections(LIVE, start, 0, cells);
  for (const { start, cells } of replayed) yield* sections(REPLAYED, start, 0, cells);
  for (const { window, start, cells } of twins.finals) yield* sections(FINAL, start, window, cells);
  bodies.push(current.take());
  return bodies;
}

/** Puts a heading over each body; the progress stands over the last. */
function headed(
  bodies: readonly Uint8Array[],
  columns: number,
  {
    partials: { partition, progress },
    revision,
    report,
  }: Omit<PartialsRecord, 'partials'> & { readonly partials: Pick<Partials, 'partition' | 'progress'> },
): Uint8Array[] {
  return bodies.map((body, i) => {
    const isLast = i === bodies.length - 1;
    const heading: Heading = {
      partition,
      revision,
      columns,
      ...(isLast && progress && { progress: { ...progress, watermark: Number.isFinite(progress.watermark) ? progress.watermark : null } }),
      ...(isLast && report !== undefined && { report }),
    };
    const record = createByteWriter(body.length + 512);
    record.count(VERSION);
    record.text(JSON.stringify(heading));
    record.bytes(body);
    return record.take();
  });
}

/**
 * `book`: of whoever reads many records of a pipeline.
 * @throws RangeError where the bytes are no such record, or one of a version to come
 */
export function* decodePartials(bytes: Uint8Array, groupings: number, book?: LabelsBook): Sliced<PartialsRecord> {
  const record = createByteReader(bytes);
  const version = record.count();
  if (version < 1 || version > VERSION) throw new RangeError(`partials of version ${version}; this Tocsin reads versions up to ${VERSION}`);
  const { partition, revision, columns, progress, report } = headingIn(record.text());
  const panes = yield* decodeBodies([record.part()], columns, groupings, book);
  return {
    revision,
    ...(report !== undefined && { report }),
    partials: { partition, ...panes, ...(progress && { progress: { ...progress, watermark: progress.watermark ?? -Infinity } }) },
  };
}

function headingIn(text: string): Heading {
  const heading = fromJson(text);
  if (typeof heading !== 'object' || heading === null)
    throw new RangeError(`a heading, as an object, is expected, not ${text.slice(0, 40)}`);
  return heading as Heading;
}

/** `columns` and `groupings`: numbers of them in the plan. `book`: of whoever reads many. */
export function* panesOf(told: Told, columns: number, groupings: number, book?: LabelsBook): Sliced<Pick<Partials, 'live' | 'finals'>> {
  return 'bodies' in told ? yield* decodeBodies(told.bodies, columns, groupings, book) : told;
}

function* decodeBodies(
  bodies: readonly Uint8Array[],
  columns: number,
  groupings: number,
  book = createLabelsBook(),
): Sliced<Pick<Partials, 'live' | 'replayed' | 'finals'>> {
  const isDue = createPace();
  const live = new Map<number, CellList[]>();
  const replayed = new Map<number, CellList[]>();
  const finals = new Map<string, WindowFinal & { cells: CellList[] }>();
  const empty = (): CellList[] => Array.from({ length: groupings }, () => []);

  function cellsAt(kind: number, start: number, window: number): CellList[] {
    if (kind === FINAL) {
      const key = `${window}/${start}`;
      const final = finals.get(key) ?? { window, start, cells: empty() };
      finals.set(key, final);
      return final.cells;
    }
    const panes = kind === LIVE ? live : replayed;
    const cells = panes.get(start) ?? empty();
    panes.set(start, cells);
    return cells;
  }

  for (const bytes of bodies) {
    const body = createByteReader(bytes);
    const labels = book.body();
    const held = createCellColumns(columns);
    while (!body.atEnd) {
      const [kind, start, window, grouping, count] = [body.count(), body.number(), body.count(), body.count(), body.count()];
      const from = createByteReader(body.part());
      if (grouping >= groupings) throw new RangeError(`a cell of grouping ${grouping}; there are ${groupings}`);
      if (count > 0 && columns > bytes.length) throw new RangeError(`cells of ${columns} values in ${bytes.length} bytes`);
      const first = held.length;
      labels.begin();
      for (let i = 0; i < count; i++) {
        readCell(from, labels.read(from), held);
        if (isDue()) yield;
      }
      if (count === 0) continue;
      // A record may come from anybody.
      const told = labels.isEachOnce ? held.since(first) : [...held.since(first)];
      const cells = cellsAt(kind === BOTH ? LIVE : kind, start, window);
      cells[grouping] = joined(cells[grouping]!, told);
      // The same ones: who has both knows that nothing came in between.
      if (kind !== BOTH) continue;
      const ended = cellsAt(FINAL, start, window);
      ended[grouping] = joined(ended[grouping]!, told);
    }
  }
  const panes = (found: Map<number, CellList[]>): PanePartial[] => [...found].map(([start, cells]) => ({ start, cells }));
  return { live: panes(live), replayed: panes(replayed), finals: [...finals.values()] };
}

function firstCell({ live, replayed, finals }: Partials): Cell | undefined {
  for (const { cells } of [...live, ...replayed, ...finals]) for (const list of cells) if (list.length > 0) return list.at(0);
  return undefined;
}

function writeCell(into: ByteWriter, dictionary: Map<string, number>, { labels, events, offsets, values }: Cell): void {
  into.count(labels.length);
  for (const label of labels) {
    const known = dictionary.get(label);
    into.count(known ?? dictionary.size);
    if (known !== undefined) continue;
    dictionary.set(label, dictionary.size);
    // As JSON: a label may hold half of a surrogate pair, which UTF-8 cannot.
    into.text(JSON.stringify(label));
  }
  into.count(events);
  into.count(offsets);
  for (const value of values) writeValue(into, value);
}

function writeValue(into: ByteWriter, value: StateValue): void {
  if (value === undefined) into.count(NONE);
  else if (typeof value !== 'number') {
    into.count(BYTES);
    into.bytes(value);
  } else if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) {
    into.count(COUNT);
    into.count(value);
  } else {
    into.count(NUMBER);
    into.number(value);
  }
}

/** Plain loops: a large pipeline's commit reads some ten thousand of them. */
function readCell(from: ByteReader, named: NamedLabels, into: CellColumns): void {
  into.add(named, from.count(), from.count());
  for (const column of into.values) column.push(readValue(from));
}

/** Rarely both: a grouping of a pane that is cut in two. */
function joined(before: CellList, more: CellList): CellList {
  return before.length === 0 ? more : [...before, ...more];
}

function readValue(from: ByteReader): StateValue {
  const tag = from.count();
  if (tag === NONE) return undefined;
  if (tag === COUNT) return from.count();
  if (tag === NUMBER) return from.number();
  if (tag === BYTES) return from.bytes();
  throw new RangeError(`a value of kind ${tag}`);
}
