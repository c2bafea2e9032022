/**
 * The names of keys, made to be read and typed by hand. For a pipeline over country and ad_format:
 *
 *     metrics:US:banner:1m           the latest row of a series, as JSON
 *     metrics:US:banner:1m:history   its final rows, a sorted set by window start (epoch ms)
 *     metrics:US:*:1m                a roll-up: `*` for what it sums over
 *     metrics:@series:1m             the series of a window, a sorted set by the start of their latest row
 *     metrics:@newest:1m             start of the newest final row, epoch ms
 *     metrics:@pipeline              whose keys these are; without it Redis came up empty
 *     metrics:@filled                every row of the log has been put since Redis was started: its run_id then
 */
import type { Labels } from '../../core/labels.ts';

export interface SeriesKeys {
  readonly latest: string;
  readonly history: string;
}
export interface WindowKeys {
  readonly index: string;
  readonly newest: string;
}

export interface KeyNames {
  series(pipeline: string, window: string, labels: Labels): SeriesKeys;
  window(pipeline: string, window: string): WindowKeys;
  owner(pipeline: string): string;
  filled(pipeline: string): string;
}

export interface KeyNamesConfig {
  readonly prefix: string;
  /** Those whose rows will come. The only one has the prefix as it is, several (and unexpected ones) `NAME:prefix`. */
  readonly pipelines: readonly string[];
  /** Dimensions of a pipeline in the order of its file. */
  readonly dimensions: Readonly<Record<string, readonly string[]>>;
}

export function createKeyNames({ prefix, pipelines, dimensions }: KeyNamesConfig): KeyNames {
  const only = pipelines.length === 1 ? pipelines[0] : undefined;
  const prefixOf = (pipeline: string): string => (pipeline === only ? prefix : `${encode(pipeline)}:${prefix}`);
  return {
    series: (pipeline, window, labels) => {
      const latest = [prefixOf(pipeline), ...labelParts(labels, dimensions[pipeline]), window].join(':');
      return { latest, history: `${latest}:history` };
    },
    window: (pipeline, window) => ({
      index: `${prefixOf(pipeline)}:@series:${window}`,
      newest: `${prefixOf(pipeline)}:@newest:${window}`,
    }),
    owner: (pipeline) => `${prefixOf(pipeline)}:@pipeline`,
    filled: (pipeline) => `${prefixOf(pipeline)}:@filled`,
  };
}

/** Values in the order of the file; `name=value` in the order of names where the order is not known. Never the same for two series. */
function labelParts(labels: Labels, dimensions: readonly string[] | undefined): string[] {
  const names = Object.keys(labels);
  if (dimensions && names.every((name) => dimensions.includes(name))) {
    return dimensions.map((name) => (labels[name] === undefined ? '*' : encode(labels[name])));
  }
  return names.sort().map((name) => `${encode(name).replaceAll('=', '%3D')}=${encode(labels[name]!)}`);
}

/** Percent signs for what would be taken for a part of the key, or cannot be written in UTF-8. */
function encode(value: string): string {
  if (/^[\w.-]*$/.test(value)) return value;
  return value
    .replace(/[%:\p{Cc}]|^\*$|^@/gu, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
    .replace(/\p{Cs}/gu, (half) => `%u${half.charCodeAt(0).toString(16).toUpperCase()}`);
}
