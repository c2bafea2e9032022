/** The ad-tech sample: its rules as an EngineSpec, its bytes as records, its stated results. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { EngineSpec } from '../../src/windows/spec.ts';
import type { OracleRecord } from './record.ts';

const FOLDER = new URL('../../../shared/data/adtech-sample/', import.meta.url);

/** A text to pass as `skip` to a test; false where the sample is there. */
export const sampleMissing: string | false = existsSync(FOLDER) ? false : 'no ../shared/data/adtech-sample beside the repository';

const text = { type: 'string', minLength: 1, maxLength: 256 };
const money = { type: 'number', minimum: 0, maximum: 1_000_000 };
const properties = {
  event_id: { type: 'string', pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' },
  event_type: { type: 'string', enum: ['impression', 'click', 'conversion'] },
  event_time: { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$' },
  user_id: text,
  campaign_id: text,
  country: { type: 'string', enum: ['US', 'KR', 'JP', 'UK', 'DE', 'CA', 'FR'] },
  ad_format: { type: 'string', enum: ['banner', 'interstitial', 'rewarded_video'] },
  device: { type: 'string', enum: ['ios', 'android', 'web'] },
  bid_price: money,
  revenue: money,
};

const SOURCE = 'events';
const counting = (type: string) => ({ kind: 'count', source: SOURCE, where: [{ field: 'event_type', anyOf: [type] }] }) as const;

export const sampleSpec: EngineSpec = {
  pipeline: 'adtech',
  sources: [
    {
      name: SOURCE,
      topic: 'ad-events',
      partitions: 1,
      format: 'json',
      schema: { type: 'object', properties, required: Object.keys(properties) },
      event: {
        id: 'event_id',
        time: 'event_time',
        timeUnit: 'iso',
        outOfOrdernessMs: 5_000,
        allowedLatenessMs: 60_000,
        dedupMs: 600_000,
        maxAheadMs: 300_000,
      },
      where: [],
      lookups: [],
    },
  ],
  dimensions: ['country', 'ad_format'],
  measures: [
    { name: 'impressions', ...counting('impression') },
    { name: 'clicks', ...counting('click') },
    { name: 'conversions', ...counting('conversion') },
    { name: 'revenue', kind: 'sum', source: SOURCE, where: [], field: 'revenue', unit: 'USD', currency: 'USD' },
    { name: 'ctr', kind: 'ratio', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
    { name: 'ecpm', kind: 'ratio', numerator: 'revenue', denominator: 'impressions', scale: 1000, unit: 'USD', currency: 'USD' },
  ],
  windows: [{ name: '1m', sizeMs: 60_000, slideMs: 60_000 }],
  rollups: [],
  limits: { maxSeries: 10_000, maxRecordBytes: 1_048_576, retireAfterMs: 3_600_000, idleAfterMs: 30_000 },
};

/** The sample's lines as records; a line ends at LF only, and one CR before it is no part of it. */
export function sampleRecords(): OracleRecord[] {
  const bytes = gunzipSync(readFileSync(new URL('events.ndjson.gz', FOLDER)));
  const records: OracleRecord[] = [];
  for (let start = 0; start < bytes.length;) {
    const lineFeed = bytes.indexOf(0x0a, start);
    const next = lineFeed === -1 ? bytes.length : lineFeed + 1;
    const end = lineFeed === -1 ? bytes.length : lineFeed;
    const cut = lineFeed > start && bytes[lineFeed - 1] === 0x0d ? 1 : 0;
    records.push({ bytes: bytes.subarray(start, end - cut), appendTime: 0 });
    start = next;
  }
  return records;
}

/** One line of `outcomes.ndjson`; times are ISO 8601 UTC. */
export interface SampleOutcome {
  readonly line: number;
  readonly outcome: string;
  readonly reason?: string;
  readonly first_line?: number;
  readonly window_start?: string;
  readonly watermark?: string;
  readonly correction?: boolean;
}

export function sampleOutcomes(): SampleOutcome[] {
  const lines = readFileSync(new URL('outcomes.ndjson', FOLDER), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as SampleOutcome);
}

export interface SampleCounts {
  readonly impressions: number;
  readonly clicks: number;
  readonly conversions: number;
  readonly revenue: number;
}

export interface SampleWindow extends SampleCounts {
  readonly window_start: string;
  readonly window_end: string;
  readonly country: string;
  readonly ad_format: string;
  readonly ctr: number | null;
  readonly ecpm: number | null;
  readonly corrections: number;
  readonly at_final: SampleCounts | null;
  readonly final: boolean;
}

export interface SampleResults {
  readonly summary: { readonly outcomes: Readonly<Record<string, number>>; readonly watermark_at_end: string };
  readonly windows: readonly SampleWindow[];
}

export function sampleResults(): SampleResults {
  return JSON.parse(readFileSync(new URL('windows.json', FOLDER), 'utf8')) as SampleResults;
}

/** The sample's tolerance for revenue, ctr and ecpm: |got - expected| <= 1e-9 + 1e-12 x |expected|; nulls equal. */
export function closeEnough(got: number | null | undefined, expected: number | null): boolean {
  if (expected === null || got === null || got === undefined) return got === expected;
  return Math.abs(got - expected) <= 1e-9 + 1e-12 * Math.abs(expected);
}
