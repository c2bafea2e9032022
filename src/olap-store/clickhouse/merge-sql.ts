/**
 * Rows merged in SQL as `mergeRows` of the windows room does it: state first, measures last. One SELECT for both uses: the origins of a
 * window added up, and the windows of an hour or a day rolled up.
 */
import { ddsketchQuantile, hllEstimate, mergedDdsketches, mergedHlls } from './sketch-sql.ts';

/** Fields of a part, by their place in its tuple. */
const PART = ['start_ms', 'origin', 'version', 'final', 'events', 'replayed', 'corrections', 'measures', 'values', 'sketches', 'partitions', 'idle'] as const; // prettier-ignore
const part = (name: (typeof PART)[number], of = 'parts'): string => `${of}.${PART.indexOf(name) + 1}`;
/** Of a row of `windows`. */
export const REVISION = 'bitShiftRight(version, 54)';

const heldBy = (list: string): string => `arrayMap(h -> h[c.1], arrayFilter(h -> mapContains(h, c.1), ${list}))`;
const held = heldBy(part('values'));
const isHeld = (list: string): string => `arrayExists(h -> mapContains(h, c.1), ${list})`;
const numbers = `arrayFilter(c -> c.2 IN ('sum', 'min', 'max') AND ${isHeld(part('values'))}, columns)`;
// Added from the first part to the last, so that the sum is the same to the last bit whoever adds.
const number = `multiIf(c.2 = 'min', arrayMin(${held}), c.2 = 'max', arrayMax(${held}), arrayFold((sum, x) -> sum + x, ${held}, 0.))`;
const mergedValues = `CAST((arrayMap(c -> c.1, ${numbers}), arrayMap(c -> ${number}, ${numbers})), 'Map(LowCardinality(String), Float64)')`;

const sketchesOf = (kind: string): string => `arrayFilter(c -> c.2 = '${kind}' AND ${isHeld(part('sketches'))}, columns)`;
const merges = [
  [sketchesOf('hll'), mergedHlls(heldBy(part('sketches')))],
  [sketchesOf('ddsketch'), mergedDdsketches(heldBy(part('sketches')))],
] as const;
const concatOf = (each: (columns: string, merged: string) => string): string =>
  `arrayConcat(${merges.map(([columns, merged]) => each(columns, merged)).join(', ')})`;
const mergedSketches = `CAST((${concatOf((columns) => `arrayMap(c -> c.1, ${columns})`)}, ${concatOf((columns, merged) => `arrayMap(c -> ${merged}, ${columns})`)}), 'Map(LowCardinality(String), String)')`;

/** A key that came so often in one of the parts came at least as often in all of them: as much is sure without their sketches. */
const mostOfParts = `arrayReduce('max', arrayMap(h -> h[m.1], ${part('measures')}))`;

/** Of measure `m` (name, kind, numerator, denominator, scale, q), from `values` and `sketches`. */
const measure = `multiIf(
    m.2 IN ('count', 'sum'), values[m.1],
    m.2 IN ('min', 'max'), if(mapContains(values, m.1), values[m.1], NULL),
    m.2 = 'average', if(values[concat(m.1, '.count')] = 0, NULL, values[concat(m.1, '.sum')] / values[concat(m.1, '.count')]),
    m.2 = 'ratio', if(values[m.4] = 0, NULL, m.5 * values[m.3] / values[m.4]),
    m.2 = 'distinct', if(mapContains(sketches, m.1), ${hllEstimate('sketches[m.1]')}, 0),
    m.2 = 'heavy_hitters', ${mostOfParts},
    m.2 = 'quantile', if(mapContains(sketches, m.1), ${ddsketchQuantile('sketches[m.1]', 'm.6')}, NULL),
    NULL)`;
const mergedMeasures = `CAST((arrayMap(m -> m.1, specs), arrayMap(v -> if(isFinite(v), v, NULL), arrayMap(m -> toNullable(${measure}), specs))), 'Map(LowCardinality(String), Nullable(Float64))')`;

export interface Merging {
  /** A table or view with the columns of `windows`; `FINAL` where it is a table. */
  readonly from: string;
  readonly where?: string;
  /** `windows`: origins of a window become one row; else windows become rows of so many ms, under this name. */
  readonly into: 'windows' | { readonly name: string; readonly ms: number };
}

/** A SELECT of rows in the columns of `windows`, each the merge of several of `from`; of the newest revision alone. `{db}` is the database. */
export function mergeSelect({ from, where = 'true', into }: Merging): string {
  const isRollup = into !== 'windows';
  const start = isRollup ? `start_ms - positiveModulo(start_ms, ${into.ms})` : 'start_ms';
  const key = {
    name: isRollup ? `'${into.name}'` : 'window',
    end: isRollup ? `row_start + ${into.ms}` : 'end_ms',
  };
  // As they stand in the table: its partitions and index are found by them.
  const times = isRollup
    ? "fromUnixTimestamp64Milli(row_start, 'UTC') AS window_start, fromUnixTimestamp64Milli(row_end, 'UTC') AS window_end"
    : 'window_start, window_end';
  const one = (name: 'measures' | 'values' | 'sketches', many: string): string =>
    `if(length(parts) = 1 OR empty(specs), ${part(name, 'parts[1]')}, ${many}) AS ${name}`;
  const total = (name: 'events' | 'replayed' | 'corrections'): string => `arraySum(${part(name)}) AS ${name}`;
  // An origin that the main row names is in it already. Sorted, the main row is the first.
  const parts = isRollup ? 'found' : `arrayFilter(p -> p.2 = '' OR NOT has(named, p.2), found)`;
  const allFinal = `arrayAll(f -> f, ${part('final')})`;
  // Within a revision events only ever come in addition. What is left of a period after the first of its windows were deleted has
  // fewer: it never replaces the whole.
  const version = isRollup
    ? `bitShiftLeft(newest_found, 54) + 2 * arraySum(p -> if(bitShiftRight(p.3, 54) = newest_found, p.5, 0), parts) + toUInt64(${allFinal})`
    : `arrayMax(${part('version')})`;
  const partitions = `arrayMap(p -> if(position(p.2, '/') > 0, arrayPushBack(p.11, p.2), p.11), parts)`;
  return `SELECT pipeline, row_window AS window, row_start AS start_ms, row_end AS end_ms, window_start, window_end,
  row_key AS labels_key, labels_found AS labels, CAST('', 'LowCardinality(String)') AS origin,
  toUInt64(${version}) AS version, ${isRollup ? allFinal : `if(parts[1].2 = '', parts[1].4, ${allFinal})`} AS final,
  ${total('events')}, ${total('replayed')}, ${total('corrections')},
  ${one('measures', mergedMeasures)}, values, sketches,
  arrayDistinct(arrayFlatten(${partitions})) AS partitions, arrayDistinct(arrayFlatten(${part('idle')})) AS idle
FROM (
  SELECT *, ${one('values', mergedValues)}, ${one('sketches', mergedSketches)}
  FROM (
    SELECT grouped.*, specified.columns AS columns, specified.specs AS specs,
      if(found[1].2 = '', found[1].11, []) AS named, ${parts} AS parts
    FROM (
      SELECT pipeline, row_window, row_start, row_end, window_start, window_end, row_key,
        any(row_labels) AS labels_found, any(newest) AS newest_found, arraySort(p -> (p.1, p.2), groupArray(row_part)) AS found
      FROM (
        SELECT pipeline, ${key.name} AS row_window, ${start} AS row_start, ${key.end} AS row_end,
          ${times},
          labels_key AS row_key, labels AS row_labels, (${PART.join(', ')}) AS row_part, ${REVISION} AS revision,
          max(revision) OVER (PARTITION BY pipeline, row_window, row_start, window_start) AS newest
        FROM ${from} WHERE ${where}
      )
      WHERE ${isRollup ? 'true' : 'revision = newest'}
      GROUP BY pipeline, row_window, row_start, row_end, window_start, window_end, row_key
    ) AS grouped
    LEFT JOIN (SELECT pipeline, columns, measures AS specs FROM {db}.pipelines FINAL) AS specified ON grouped.pipeline = specified.pipeline
  )
)`;
}
