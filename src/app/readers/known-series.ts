/** Whether labels that somebody names are those of a series: by the newest rows, so that a slip is noticed while it can be mended. */
import type { Labels } from '../../core/labels.ts';
import type { Log } from '../../log/log.ts';
import { parseWindowRecord } from '../../windows/parse-row.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { batches, textAt } from './reading.ts';

/** Looked through, the newest: a moment's work, and several windows of thousands of segments. */
const RECORDS_MAX = 20_000;
const VALUES_SHOWN = 8;

/**
 * Undefined where a series has all of `labels`, or nothing is known of any; else for each label what values there are, a few of them in
 * order, and whether there are more.
 */
export async function unknownLabels(
  log: Log,
  { topics: { windows: topic } }: PipelineRecord,
  labels: Labels,
): Promise<ReadonlyMap<string, { readonly values: readonly string[]; readonly isAll: boolean }> | undefined> {
  const names = Object.keys(labels);
  if (names.length === 0 || !(await log.topics()).some(({ name }) => name === topic)) return undefined;
  const { start, end } = await log.bounds(topic, 0);
  const known = new Map(names.map((name) => [name, new Set<string>()]));
  let rows = 0;
  for await (const batch of batches(log, topic, 0, Math.max(start, end - RECORDS_MAX), end)) {
    for (let i = 0; i < batch.count; i++) {
      const record = parseWindowRecord(textAt(batch, i));
      if (record?.kind !== 'row') continue;
      rows += 1;
      const of = record.labels;
      if (names.every((name) => Object.hasOwn(of, name) && of[name] === labels[name])) return undefined;
      for (const [name, values] of known) if (Object.hasOwn(of, name)) values.add(of[name]!);
    }
  }
  if (rows === 0) return undefined;
  return new Map(
    [...known].map(([name, values]) => [
      name,
      { values: [...values].toSorted().slice(0, VALUES_SHOWN), isAll: values.size <= VALUES_SHOWN },
    ]),
  );
}
