/** Windows from accepted events: collect the events of every cell in lists, then add them up in the stated order. */
import { labelsKey, type Labels } from '../../src/core/labels.ts';
import type { EngineSpec, MeasureSpec, WindowSpec } from '../../src/windows/spec.ts';
import { windowsOf, type AcceptedEvent, type Mark } from './outcomes.ts';
import { holds, labelOf, own } from './record.ts';

export interface Values {
  readonly events: number;
  /** As in `WindowRow.state`, without sketches: numbers, bit-equal to an engine that adds in the same order. */
  readonly numbers: Readonly<Record<string, number>>;
  /** What sketches estimate, exactly: the different values of `distinct` measures ... */
  readonly distinct: Readonly<Record<string, readonly string[]>>;
  /** ... the values of `quantile` measures, and how often each key of `heavy_hitters` came; both ascending. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** Each measure; for distinct the exact count, for a quantile its value at rank floor(q x (n - 1)). */
  readonly measures: Readonly<Record<string, number | null>>;
}

export interface OracleRow {
  readonly window: string;
  /** Epoch ms. */
  readonly start: number;
  readonly end: number;
  readonly labels: Labels;
  /** '' for what came by the raw topics, `replay` for what was sent in again. */
  readonly origin: '' | 'replay';
  /** After the last record. */
  readonly values: Values;
  /** Without corrections: the first row given out; undefined where there was nothing by then. */
  readonly atFinal: Values | undefined;
  readonly corrections: number;
  /** By watermarks, with partitions that are not there yet idle at the end of the input; false for replays. */
  readonly final: boolean;
  /** `topic/0` of the partitions with events in this row, in order. */
  readonly partitions: readonly string[];
  /** Partitions of any source whose watermark has not passed the end; empty where the window is not final. */
  readonly idle: readonly string[];
}

/** The accepted events of one partition, in the order (source, partition) of the list it stands in. */
export interface PartitionEvents {
  readonly source: string;
  /** `topic/0`. */
  readonly name: string;
  readonly watermark: number;
  readonly accepted: readonly AcceptedEvent[];
  /** All records with what became of them; none for replays. */
  readonly marks: readonly Mark[];
}

interface Member {
  readonly partition: number;
  readonly event: AcceptedEvent;
}

interface Marked {
  readonly partition: number;
  readonly mark: Mark;
}

interface Cell {
  readonly window: WindowSpec;
  readonly start: number;
  readonly labels: Labels;
  readonly members: Member[];
  /** Records that a measure of outcomes counts, in the total alone. */
  readonly marks: Marked[];
}

const OTHER = 'other';
const QUARTER_MS = 6 * 3_600_000;

export function windowRows(spec: EngineSpec, partitions: readonly PartitionEvents[], origin: '' | 'replay'): OracleRow[] {
  const cells = new Map<string, Cell>();
  const cellAt = (window: WindowSpec, start: number, labels: Labels): Cell => {
    const key = JSON.stringify([window.name, start, labelsKey(labels)]);
    const cell = cells.get(key) ?? { window, start, labels, members: [], marks: [] };
    cells.set(key, cell);
    return cell;
  };
  const hasTotal = spec.dimensions.length === 0 || spec.rollups.some((names) => names.length === 0);
  partitions.forEach((partition, index) => {
    const named = new Map<string, number>();
    partition.accepted.forEach((event, at) => {
      const full = Object.fromEntries(spec.dimensions.map((dimension) => [dimension, labelOf(own(event.fields, dimension))]));
      const others = Object.fromEntries(spec.dimensions.map((dimension) => [dimension, OTHER]));
      // By quarters of a day of the watermark with this event in effect. What was sent in again is never let go.
      const quarter = origin === 'replay' ? 0 : Math.floor((partition.accepted[at + 1]?.watermark ?? partition.watermark) / QUARTER_MS);
      for (const [segment, last] of named) if (quarter - last > 4) named.delete(segment);
      const segmentKey = labelsKey(full);
      const isNamed = segmentKey !== labelsKey(others) && (named.has(segmentKey) || named.size < spec.limits.maxSeries);
      if (isNamed) named.set(segmentKey, quarter);
      const rollups = spec.rollups.map((names) => Object.fromEntries(names.map((name) => [name, full[name] ?? ''])));
      for (const labels of [isNamed ? full : others, ...rollups]) {
        for (const window of spec.windows) {
          for (const { start } of windowsOf(window, event.eventTime)) {
            cellAt(window, start, labels).members.push({ partition: index, event });
          }
        }
      }
    });
  });
  partitions.forEach((partition, index) => {
    for (const mark of hasTotal ? partition.marks : []) {
      const marked = { partition: index, mark };
      if (!spec.measures.some((measure) => isCounted(measure, partitions, marked))) continue;
      for (const window of spec.windows) for (const { start } of windowsOf(window, mark.time)) cellAt(window, start, {}).marks.push(marked);
    }
  });
  return [...cells.values()].map((cell) => rowOf(spec, partitions, origin, cell)).sort(byTimeAndLabels);
}

function rowOf(spec: EngineSpec, partitions: readonly PartitionEvents[], origin: '' | 'replay', cell: Cell): OracleRow {
  const end = cell.start + cell.window.sizeMs;
  const first = cell.members.filter(({ event }) => event.watermark < end);
  const firstMarks = cell.marks.filter(({ mark }) => mark.watermark < end);
  const final = origin === '' && partitions.some(({ watermark }) => watermark >= end);
  return {
    window: cell.window.name,
    start: cell.start,
    end,
    labels: cell.labels,
    origin,
    values: valuesOf(spec, partitions, cell.members, cell.marks),
    atFinal: first.length + firstMarks.length > 0 ? valuesOf(spec, partitions, first, firstMarks) : undefined,
    corrections: cell.members.length - first.length,
    final,
    partitions: partitions
      .filter((_, index) => [...cell.members, ...cell.marks].some((member) => member.partition === index))
      .map(({ name }) => name),
    idle: final ? partitions.filter(({ watermark }) => watermark < end).map(({ name }) => name) : [],
  };
}

/** Floating-point order: events by offset within a pane, panes by time within a partition, partitions in their order. */
function valuesOf(spec: EngineSpec, partitions: readonly PartitionEvents[], members: readonly Member[], marks: readonly Marked[]): Values {
  const paneMs = spec.windows.flatMap(({ sizeMs, slideMs, offsetMs = 0 }) => [sizeMs, slideMs, offsetMs]).reduce(greatestCommonDivisor);
  const numbers: Record<string, number> = {};
  const distinct: Record<string, readonly string[]> = {};
  const samples: Record<string, readonly number[]> = {};

  for (const measure of spec.measures) {
    if (measure.kind === 'ratio') continue;
    if (measure.kind === 'count' && measure.outcomes) {
      numbers[measure.name] = marks.filter((marked) => isCounted(measure, partitions, marked)).length;
      continue;
    }
    const counted = members.filter(({ partition, event }) => {
      return partitions[partition]?.source === measure.source && measure.where.every((condition) => holds(event.fields, condition));
    });
    if (measure.kind === 'count') {
      numbers[measure.name] = counted.length;
      continue;
    }
    if (measure.kind === 'distinct') {
      const texts = counted.map(({ event }) => textOf(own(event.fields, measure.field))).filter((text) => text !== undefined);
      distinct[measure.name] = [...new Set(texts)].sort();
      continue;
    }
    if (measure.kind === 'heavy_hitters') {
      const texts = counted.map(({ event }) => textOf(own(event.fields, measure.field))).filter((text) => text !== undefined);
      samples[measure.name] = [...Map.groupBy(texts, (text) => text).values()].map(({ length }) => length).sort((a, b) => a - b);
      continue;
    }
    const numeric = counted.filter(({ event }) => isNumber(own(event.fields, measure.field)));
    const valueOf = ({ event }: Member) => own(event.fields, measure.field) as number;
    const values = numeric.map(valueOf);
    if (measure.kind === 'quantile') {
      samples[measure.name] = values.sort((a, b) => a - b);
    } else if (measure.kind === 'min') {
      if (values.length > 0) numbers[measure.name] = values.reduce((a, b) => Math.min(a, b));
    } else if (measure.kind === 'max') {
      if (values.length > 0) numbers[measure.name] = values.reduce((a, b) => Math.max(a, b));
    } else {
      const total = orderedSum(numeric, paneMs, partitions.length, valueOf);
      numbers[measure.kind === 'sum' ? measure.name : `${measure.name}.sum`] = total;
      if (measure.kind === 'average') numbers[`${measure.name}.count`] = values.length;
    }
  }
  const partial = { events: members.length, numbers, distinct, samples };
  return { ...partial, measures: Object.fromEntries(spec.measures.map((measure) => [measure.name, measureOf(measure, partial)])) };
}

/** `source` '' is every source. */
function isCounted(measure: MeasureSpec, partitions: readonly PartitionEvents[], { partition, mark }: Marked): boolean {
  if (measure.kind !== 'count' || !measure.outcomes?.includes(mark.outcome)) return false;
  return measure.source === '' || partitions[partition]?.source === measure.source;
}

function orderedSum(members: readonly Member[], paneMs: number, partitionCount: number, valueOf: (member: Member) => number): number {
  let total = 0;
  for (let partition = 0; partition < partitionCount; partition += 1) {
    const mine = members.filter((member) => member.partition === partition).sort((a, b) => a.event.offset - b.event.offset);
    const paneOf = (member: Member) => Math.floor(member.event.eventTime / paneMs);
    const panes = [...new Set(mine.map(paneOf))].sort((a, b) => a - b);
    const paneSums = panes.map((pane) =>
      mine.filter((member) => paneOf(member) === pane).reduce((sum, member) => sum + valueOf(member), 0),
    );
    total += paneSums.reduce((sum, value) => sum + value, 0);
  }
  return total;
}

function measureOf(measure: MeasureSpec, values: Omit<Values, 'measures'>): number | null {
  const { numbers, distinct, samples } = values;
  switch (measure.kind) {
    case 'ratio': {
      const below = numbers[measure.denominator] ?? 0;
      const ratio = (measure.scale * (numbers[measure.numerator] ?? 0)) / below;
      return Number.isFinite(ratio) ? ratio : null;
    }
    case 'average': {
      const count = numbers[`${measure.name}.count`] ?? 0;
      return count === 0 ? null : (numbers[`${measure.name}.sum`] ?? 0) / count;
    }
    case 'distinct':
      return distinct[measure.name]?.length ?? 0;
    case 'heavy_hitters':
      return samples[measure.name]?.at(-1) ?? 0;
    case 'quantile': {
      const sorted = samples[measure.name] ?? [];
      return sorted[Math.floor(measure.q * (sorted.length - 1))] ?? null;
    }
    default:
      return numbers[measure.name] ?? null;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** What `distinct` tells apart: texts as they are, numbers and truth values as JSON writes them; other values do not count. */
function textOf(value: unknown): string | undefined {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function byTimeAndLabels(a: OracleRow, b: OracleRow): number {
  const key = (row: OracleRow) => JSON.stringify([row.window, Object.entries(row.labels)]);
  return a.start - b.start || a.end - b.end || (key(a) < key(b) ? -1 : 1);
}
