/** Rows between the store's contract and the tables' columns. */
import { labelsKey, type Labels } from '../../core/labels.ts';
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { AlertToStore, PipelineToStore, RawEvent } from '../olap-store.ts';

type Columns = Record<string, unknown>;

const HOUR_MS = 3_600_000;

export const WINDOW_COLUMNS = `pipeline, window, start_ms, end_ms, labels, origin, toString(version) AS version_text, final,
 events, replayed, corrections, measures, values, sketches, partitions, idle`;

/** What puts write, by table. */
export const COLUMNS = {
  windows: [
    'pipeline', 'window', 'start_ms', 'end_ms', 'labels_key', 'labels', 'origin', 'version', 'final', 'events', 'replayed', 'corrections',
    'measures', 'values', 'sketches', 'partitions', 'idle',
  ],
  alerts: [
    'pipeline', 'alert_id', 'alert_time', 'alert_type', 'severity', 'status', 'labels', 'metric_name', 'current_value', 'expected_value',
    'deviation_percent', 'message', 'record', 'version',
  ],
  dead_letters: ['pipeline', 'topic', 'partition', 'offset', 'outcome', 'reason', 'append_time', 'payload', 'record', 'revision'],
  raw_events: ['pipeline', 'topic', 'partition', 'offset', 'append_time', 'payload', 'expires'],
  pipelines: ['pipeline', 'base_window', 'columns', 'measures', 'read_anew'],
} as const; // prettier-ignore

/** What a SELECT of WINDOW_COLUMNS gives, a JSON object a row. */
export interface StoredWindow {
  readonly pipeline: string;
  readonly window: string;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly labels: Labels;
  readonly origin: string;
  readonly version_text: string;
  readonly final: boolean;
  readonly events: number;
  readonly replayed: number;
  readonly corrections: number;
  readonly measures: Record<string, number | null>;
  readonly values: Record<string, number>;
  readonly sketches: Record<string, string>;
  readonly partitions: string[];
  readonly idle: string[];
}

export function windowColumns(row: WindowRow): Columns {
  const values: Record<string, number> = {};
  const sketches: Record<string, string> = {};
  for (const [name, value] of Object.entries(row.state)) {
    if (typeof value === 'number') values[name] = value;
    else sketches[name] = value;
  }
  return {
    pipeline: row.pipeline,
    window: row.window,
    start_ms: Date.parse(row.window_start),
    end_ms: Date.parse(row.window_end),
    labels_key: labelsKey(row.labels),
    labels: row.labels,
    origin: row.origin,
    version: row.version,
    final: row.final,
    events: row.events,
    replayed: row.replayed,
    corrections: row.corrections,
    measures: row.measures,
    values,
    sketches,
    partitions: row.partitions,
    idle: row.idle,
  };
}

export function windowRow(stored: StoredWindow): WindowRow {
  return {
    kind: 'row',
    pipeline: stored.pipeline,
    window: stored.window,
    window_start: new Date(stored.start_ms).toISOString(),
    window_end: new Date(stored.end_ms).toISOString(),
    labels: stored.labels,
    measures: stored.measures,
    state: { ...stored.values, ...stored.sketches },
    events: stored.events,
    replayed: stored.replayed,
    final: stored.final,
    corrections: stored.corrections,
    version: stored.version_text,
    origin: stored.origin,
    partitions: stored.partitions,
    idle: stored.idle,
  };
}

export function alertColumns(pipeline: string, { record, version }: AlertToStore): Columns {
  return {
    pipeline,
    alert_id: record.alert_id,
    alert_time: dateTime(Date.parse(record.alert_time)),
    alert_type: record.alert_type,
    severity: record.severity,
    status: record.status,
    labels: record.labels,
    metric_name: text(record['metric_name']),
    current_value: numberOrNull(record['current_value']),
    expected_value: numberOrNull(record['expected_value']),
    deviation_percent: numberOrNull(record['deviation_percent']),
    message: text(record['message']),
    record: JSON.stringify(record),
    version,
  };
}

export function deadLetterColumns(pipeline: string, letter: DeadLetter): Columns {
  return {
    pipeline,
    topic: letter.topic,
    partition: letter.partition,
    offset: letter.offset,
    outcome: letter.outcome,
    reason: letter.reason,
    append_time: letter.append_time === undefined ? null : dateTime(Date.parse(letter.append_time)),
    payload: letter.payload ?? '',
    record: JSON.stringify(letter),
    revision: letter.revision ?? 0,
  };
}

export function rawEventColumns(pipeline: string, event: RawEvent, keepMs: number): Columns {
  return {
    pipeline,
    topic: event.topic,
    partition: event.partition,
    offset: event.offset,
    append_time: dateTime(event.appendTime),
    payload_base64: Buffer.from(event.payload).toString('base64'),
    // DateTime ends in 2106; a later one would wrap around and expire at once.
    expires: Math.min(Math.floor((event.appendTime + keepMs) / 1_000), 0xffff_ffff),
  };
}

/** What the database has to know of a pipeline to merge its rows. */
export function pipelineColumns({ pipeline, measures, windows, readAnew = [] }: PipelineToStore): Columns {
  // Of the fewest rows; all that divide an hour give the same sums.
  const bases = windows.filter(({ sizeMs, slideMs, offsetMs = 0 }) => sizeMs === slideMs && HOUR_MS % sizeMs === 0 && offsetMs === 0);
  const base = bases.toSorted((a, b) => b.sizeMs - a.sizeMs)[0];
  return {
    pipeline,
    base_window: base?.name ?? '',
    columns: measures.flatMap(stateColumns),
    measures: measures.map((measure) => ({
      name: measure.name,
      kind: measure.kind,
      numerator: measure.kind === 'ratio' ? measure.numerator : '',
      denominator: measure.kind === 'ratio' ? measure.denominator : '',
      scale: measure.kind === 'ratio' ? measure.scale : 0,
      q: measure.kind === 'quantile' ? measure.q : 0,
    })),
    read_anew: readAnew.flatMap(({ revision, from }) =>
      Object.entries(from).map(([partition, offset]) => ({ revision, partition, offset })),
    ),
  };
}

function stateColumns({ name, kind }: MeasureSpec): { name: string; accumulate: string }[] {
  switch (kind) {
    case 'ratio':
    // Its sketches are not merged in SQL.
    case 'heavy_hitters':
      return [];
    case 'average':
      return [`${name}.sum`, `${name}.count`].map((part) => ({ name: part, accumulate: 'sum' }));
    case 'distinct':
      return [{ name, accumulate: 'hll' }];
    case 'quantile':
      return [{ name, accumulate: 'ddsketch' }];
    case 'min':
    case 'max':
      return [{ name, accumulate: kind }];
    default:
      return [{ name, accumulate: 'sum' }];
  }
}

/** Epoch ms -> ClickHouse's own text, clamped to what DateTime64(3) holds. */
export function dateTime(ms: number): string {
  const clamped = Math.min(Math.max(ms, Date.UTC(1900, 0, 1)), Date.UTC(2299, 11, 31));
  return new Date(clamped).toISOString().replace('T', ' ').slice(0, 23);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
