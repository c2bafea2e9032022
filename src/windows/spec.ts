/**
 * What the engine is told to compute: the pipeline file after validation, all durations in ms, all names resolved.
 * `config` makes it, `windows` compiles it.
 */
import type { Outcome } from '../core/outcome.ts';

export type Scalar = string | number | boolean | null;

/** Finite numbers between bounds, of which at least one is set. */
export interface NumberRange {
  readonly above?: number | undefined;
  readonly at_least?: number | undefined;
  readonly at_most?: number | undefined;
  readonly below?: number | undefined;
}

export type Wanted = Scalar | NumberRange;

/** Holds when the record's own top-level `field` is one of `anyOf` (`isWanted`). */
export interface Condition {
  readonly field: string;
  readonly anyOf: readonly Wanted[];
}

/** Joins a small table: `field` becomes `table[record[by]]`; a record whose key is not in the table is ignored. */
export interface LookupSpec {
  readonly field: string;
  readonly by: string;
  /** Path as written in the file; for messages. */
  readonly file: string;
  readonly table: Readonly<Record<string, string>>;
}

export interface EventSpec {
  /** Field with the event's id (a text or a whole number); undefined: no dedup. */
  readonly id?: string;
  /** Field with the event time: an RFC 3339 text, or a number (or text of one) as `timeUnit` says. */
  readonly time: string;
  readonly timeUnit: 'iso' | 's' | 'ms';
  /** How far the clock that texts without a zone were read from is ahead of UTC; undefined: they are no times. */
  readonly zoneMs?: number;
  readonly outOfOrdernessMs: number;
  readonly allowedLatenessMs: number;
  readonly dedupMs: number;
  /** Ids are compared byte by byte, not by their hash alone. */
  readonly wholeIds?: true;
  /** Only where the file states it; by append time 5 m is used when it does not, by event time nothing. */
  readonly maxAheadMs?: number;
}

/** Schemas of one source's events side by side. Their contents may change while the pipeline has state: from an offset on, as lookups do. */
export interface SchemaVersions {
  /** The event's field that names its version; an event that names none of these is invalid (`schema_version`). */
  readonly field: string;
  readonly schemas: readonly {
    readonly version: string;
    /** Path as written in the file; for messages. */
    readonly file: string;
    readonly schema: Readonly<Record<string, unknown>>;
  }[];
}

export interface SourceSpec {
  /** `events` where the file has only one. */
  readonly name: string;
  readonly topic: string;
  readonly partitions: number;
  /** Of the raw topic, where Tocsin keeps the log; default 7 days. */
  readonly retention?: { readonly ms: number; readonly bytes?: number };
  readonly format: 'json' | 'combined';
  /** `plain`: every record through `JSON.parse` and ajv, whatever the schema; slower, and with the same results. */
  readonly decoder?: 'plain';
  /** JSON Schema of one event (draft 2020-12 or 07), parsed; undefined: any object. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** Instead of `schema`. */
  readonly versions?: SchemaVersions;
  readonly event: EventSpec;
  /** All must hold, else the record is ignored. */
  readonly where: readonly Condition[];
  readonly lookups: readonly LookupSpec[];
}

interface MeasureBase {
  readonly name: string;
  readonly unit?: string;
  /** ISO 4217, where `unit` is a currency: alerts then state the impact in money. */
  readonly currency?: string;
}
/** `source` is a SourceSpec's name. Conditions are on that source's records; all must hold. */
interface OfSource extends MeasureBase {
  readonly source: string;
  readonly where: readonly Condition[];
}
export type MeasureSpec =
  | (OfSource & {
      readonly kind: 'count';
      /**
       * Counts records by what became of them instead, in the window in which they came (`partition.ts`). They belong to no segment:
       * the total alone (the roll-up []) has them. `source` '' is every source; `where` is empty.
       */
      readonly outcomes?: readonly Outcome[];
    })
  | (OfSource & { readonly kind: 'sum' | 'min' | 'max' | 'average' | 'distinct'; readonly field: string })
  | (OfSource & { readonly kind: 'quantile'; readonly field: string; readonly q: number })
  /** How often the most frequent value of the field came, at least; `keep`: keys that its sketch holds. */
  | (OfSource & { readonly kind: 'heavy_hitters'; readonly field: string; readonly keep: number })
  /** scale x numerator / denominator, each the name of a count or sum; null where the denominator is 0. */
  | (MeasureBase & { readonly kind: 'ratio'; readonly numerator: string; readonly denominator: string; readonly scale: number });

/** Windows start at `offsetMs` plus multiples of `slideMs` since the epoch; tumbling where size and slide are equal. */
export interface WindowSpec {
  /** As written, `1m`; a hopping one `5m/1m` (size/slide). */
  readonly name: string;
  readonly sizeMs: number;
  readonly slideMs: number;
  /** Above 0 and below `slideMs`, where they do not start at multiples of it: days of KST begin 15 hours after those of UTC. */
  readonly offsetMs?: number;
}

/** 1 GB of memory. */
export const MAX_IDS = 60_000_000;

export interface EngineSpec {
  readonly pipeline: string;
  readonly sources: readonly SourceSpec[];
  readonly dimensions: readonly string[];
  readonly measures: readonly MeasureSpec[];
  readonly windows: readonly WindowSpec[];
  /** Each a subset of the dimensions, in their order; without the full set, which is always computed. */
  readonly rollups: readonly (readonly string[])[];
  readonly limits: {
    /** Different full label sets that have a place per partition (places.ts); further ones count under `other` in every dimension. */
    readonly maxSeries: number;
    /** Ids remembered per partition; beyond it the oldest are forgotten before their time. Undefined: MAX_IDS. */
    readonly maxIds?: number;
    /** A longer record is invalid (`too_long`). */
    readonly maxRecordBytes: number;
    /** A window no longer waits for partitions that are not in it when event time is this far past it, ms. */
    readonly retireAfterMs: number;
    readonly idleAfterMs: number;
  };
}
