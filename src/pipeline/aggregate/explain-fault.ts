/** The reason of an invalid record, in words: what was found at which field, and what the schema or the pipeline expected there. */
import type { EventCheck } from '../../schemas/event-check.ts';
import { faultText, oneOf } from '../../schemas/fault-text.ts';
import { LEVELS_MAX, TOO_DEEP } from '../../schemas/nesting.ts';
import { isObject } from '../../schemas/schema-fields.ts';
import { idText, isScalar, own } from '../../windows/decode/decoder.ts';
import { isWanted } from '../../windows/condition.ts';
import { parseEventTime } from '../../windows/decode/event-time.ts';
import { MAX_AHEAD_DEFAULT_MS } from '../../windows/partition.ts';
import type { Condition, EngineSpec, LookupSpec, MeasureSpec, SourceSpec } from '../../windows/spec.ts';
import { expectedTime } from './expected-time.ts';
import { lineFault } from './line-fault.ts';

type Fields = Readonly<Record<string, unknown>>;

/** `text`: the record. Undefined where the reason says it all. */
export type ExplainFault = (reason: string, text: string) => string | undefined;

const ID = `text, or a whole number of at most ${Number.MAX_SAFE_INTEGER}, which names the event`;
const TIMES = {
  iso: 'a time with a zone such as "2025-01-31T12:00:00Z"',
  s: 'seconds since 1970, as a number or its text',
  ms: 'milliseconds since 1970, as a number or its text',
} as const;

/** `check`: of the source's schema, where it has one. */
export function createExplainFault(
  { dimensions, measures, limits }: Pick<EngineSpec, 'dimensions' | 'measures' | 'limits'>,
  source: SourceSpec,
  check: (() => EventCheck) | undefined,
): ExplainFault {
  const { event, versions } = source;
  const numeric = measures.filter(takesNumber).filter((one) => one.source === source.name);

  /** What the engine itself asks of a field and does not find there, whatever the schema says. */
  function wanted(field: string, record: Fields): string | undefined {
    const value = own(record, field);
    if (field === event.id && idText(value) === undefined) return ID;
    if (field === event.time && Number.isNaN(parseEventTime(value, event.timeUnit, event.zoneMs))) {
      return event.zoneMs === undefined ? TIMES[event.timeUnit] : 'a time such as "2025-01-31 12:00:00" or "2025-01-31T12:00:00Z"';
    }
    if (dimensions.includes(field) && typeof value === 'object' && value !== null) {
      return 'text, a number, true or false: it is a dimension';
    }
    const measure = numeric.find((one) => one.field === field && one.where.every((condition) => holds(record, condition)));
    return measure && !Number.isFinite(value) ? `a number, for measure ${measure.name}` : undefined;
  }

  function otherTime(record: Fields): string | undefined {
    const value = own(record, event.time);
    const another = expectedTime(value, event);
    return another && faultText([event.time], value, another);
  }

  function ofRecord(reason: string, sent: Fields): string | undefined {
    const record = joined(sent, source.lookups);
    const field = reason.slice(reason.indexOf(':') + 1);
    const value = own(record, field);
    // More use than what the schema says of a time: it knows of no unit.
    const another = field === event.time ? otherTime(record) : undefined;
    if (another !== undefined) return another;
    const bySchema = check?.().explain(record, reason);
    if (bySchema !== undefined) return bySchema;
    const expected = wanted(field, record);
    return expected && faultText([field], value, expected);
  }

  return (reason, text) => {
    switch (reason) {
      case 'bad_json':
        return `${jsonFault(text)}; expected one JSON object`;
      case 'bad_utf8':
        return 'expected UTF-8';
      case 'bad_line':
        return lineFault(text);
      case 'too_long':
        return `expected at most ${limits.maxRecordBytes} bytes (limits.max_record_bytes)`;
      case TOO_DEEP:
        return `expected at most ${LEVELS_MAX} levels of lists and objects, and no text of MBs under a pattern: the schema's check cannot follow this to its end`;
      case 'future': {
        // Where the file states no limit, only append times set one.
        const limit = `${(event.maxAheadMs ?? MAX_AHEAD_DEFAULT_MS) / 1_000} s`;
        const expected = `a time no further ahead than event.max_ahead (${limit}) allows`;
        return source.format === 'json'
          ? faultText([event.time], own(JSON.parse(text) as Fields, event.time), expected)
          : `${event.time}: expected ${expected}`;
      }
      case 'late':
        // In another unit a right time may be a valid one, decades ago.
        return event.timeUnit === 'ms' ? otherTime(JSON.parse(text) as Fields) : undefined;
    }
    if (source.format !== 'json') return undefined;
    const record: unknown = JSON.parse(text);
    if (!isObject(record)) return faultText([], record, 'a JSON object');
    if (versions && !reason.includes(':')) {
      const names = versions.schemas.map(({ version }) => version);
      return faultText([versions.field], own(record, versions.field), oneOf(names));
    }
    return ofRecord(reason, record);
  };
}

type Numeric = Extract<MeasureSpec, { readonly kind: 'sum' | 'min' | 'max' | 'average' | 'quantile' }>;

function takesNumber(measure: MeasureSpec): measure is Numeric {
  return ['sum', 'min', 'max', 'average', 'quantile'].includes(measure.kind);
}

/** As events are judged: with what is looked up for them. */
function joined(sent: Fields, lookups: readonly LookupSpec[]): Fields {
  const record: Record<string, unknown> = { ...sent };
  for (const { by, field, table } of lookups) {
    const key = own(record, by);
    if (isScalar(key) && Object.hasOwn(table, String(key))) record[field] = table[String(key)];
  }
  return record;
}

function holds(record: Fields, { field, anyOf }: Condition): boolean {
  return isWanted(anyOf, own(record, field));
}

function jsonFault(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    // Without the excerpt that V8 adds: the record stands beside it.
    return (error as Error).message.replace(/, (?:"|\.\.\.)[^]*$/, '');
  }
  return 'found more than JSON';
}
