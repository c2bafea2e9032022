/** The reason of an invalid record, in words: what was found at which field, and what the schema or the pipeline expected there. */
import type { EngineSpec, SourceSpec } from '../windows/spec.ts';
import type { EventCheck } from './event-check.ts';
import { faultText } from './fault-text.ts';
import { LEVELS_MAX, TOO_DEEP } from './nesting.ts';
import { isObject } from './schema-fields.ts';

/** `text`: the record. Undefined where the reason says it all. */
export type ExplainFault = (reason: string, text: string) => string | undefined;

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

  /** What the engine itself asks of a field, whatever the schema says. */
  function wanted(field: string): string | undefined {
    if (field === event.id) return 'text, which names the event';
    if (field === event.time) return TIMES[event.timeUnit];
    if (dimensions.includes(field)) return 'text, a number, true or false: it is a dimension';
    const measure = measures.find((one) => one.kind !== 'ratio' && 'field' in one && one.field === field && one.source === source.name);
    return measure && `a number, for measure ${measure.name}`;
  }

  function ofRecord(reason: string, record: Readonly<Record<string, unknown>>): string | undefined {
    const bySchema = check?.().explain(record, reason);
    if (bySchema !== undefined) return bySchema;
    const field = reason.slice(reason.indexOf(':') + 1);
    const expected = wanted(field);
    return expected && faultText(field, Object.hasOwn(record, field) ? record[field] : undefined, expected);
  }

  return (reason, text) => {
    switch (reason) {
      case 'bad_json':
        return `${jsonFault(text)}; expected one JSON object`;
      case 'bad_utf8':
        return 'expected UTF-8';
      case 'bad_line':
        return 'expected a line of the combined log format: host ident user [time] "request" status bytes "referer" "user agent"';
      case 'too_long':
        return `expected at most ${limits.maxRecordBytes} bytes (limits.max_record_bytes)`;
      case TOO_DEEP:
        return `expected at most ${LEVELS_MAX} levels of lists and objects: the check by the schema cannot follow this record to its end`;
      case 'future': {
        const limit = event.maxAheadMs === undefined ? '' : ` (${event.maxAheadMs / 1_000} s)`;
        return `${event.time}: expected a time no further ahead than event.max_ahead${limit} allows`;
      }
    }
    if (source.format !== 'json') return undefined;
    const record: unknown = JSON.parse(text);
    if (!isObject(record)) return faultText('', record, 'a JSON object');
    if (versions && !reason.includes(':')) {
      const found = Object.hasOwn(record, versions.field) ? record[versions.field] : undefined;
      return faultText(versions.field, found, `one of ${versions.schemas.map(({ version }) => JSON.stringify(version)).join(', ')}`);
    }
    return ofRecord(reason, record);
  };
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
