/** Whether the windows that a run has stored are those that the pipeline file speaks of: it may have changed since. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { AppError } from '../../core/errors.ts';
import type { Log } from '../../log/log.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { changedParts, recordedRevisions } from '../../pipeline/revision.ts';

const ANEW = 'to count anew, give the events with --input';

/** `measures`, `windows`: names of those that detectors ask for. @throws AppError `usage` where there are none that could be judged */
export function refuseOthers(
  { engine, file }: LoadedPipeline,
  record: PipelineRecord,
  measures: readonly string[],
  windows: readonly string[],
): void {
  for (const name of measures) {
    const [asked, stored] = [engine, record].map((one) => one.measures.find((measure) => measure.name === name));
    const plain = (measure: object | undefined): string => JSON.stringify({ ...measure, unit: undefined, currency: undefined });
    if (asked && stored && plain(asked) === plain(stored)) continue;
    throw new AppError(
      'usage',
      `${file}: the windows that ${record.name} has stored ${stored ? `compute ${name} otherwise` : `have no ${name}`}. ` +
        `Expected the measures that it ran with; ${ANEW}`,
    );
  }
  for (const name of windows) {
    const [asked, stored] = [engine, record].map((one) => one.windows.find((window) => window.name === name));
    if (JSON.stringify(asked) === JSON.stringify(stored)) continue;
    const there = record.windows.map((window) => window.name).join(', ');
    throw new AppError(
      'usage',
      `${file}: ${record.name} has stored ${stored ? `other windows of ${name}` : `no windows of ${name}`}, but of ${there}. ` +
        `Expected those that it ran with; ${ANEW}`,
    );
  }
  const [asked, stored] = [engine, record].map(({ dimensions }) => dimensions.toSorted().join(', '));
  if (asked === stored) return;
  throw new AppError(
    'usage',
    `${file}: the windows that ${record.name} has stored are by ${stored || 'no dimension'}, and not by ${asked || 'none'}. ` +
      `Expected the dimensions that it ran with; ${ANEW}`,
  );
}

export interface AsCounted {
  /** What else of the file counts otherwise by now, as a note; undefined: nothing. */
  readonly changed: string | undefined;
  /** Windows that begin before it were counted by an earlier revision of the file; epoch ms. */
  readonly since: number;
}

export async function asCounted(log: Log, { engine, hashes }: LoadedPipeline): Promise<AsCounted> {
  const recorded = await recordedRevisions(log, engine.pipeline);
  if (!recorded) return { changed: undefined, since: -Infinity };
  const since = recorded.windows.counter > 1 ? recorded.completeFrom : -Infinity;
  if (recorded.windows.hash === hashes.windows) return { changed: undefined, since };
  const parts = changedParts(recorded, hashes);
  const changed = `the file has changed since these windows were counted${parts === '' ? '' : ` (${parts})`}: they are as the file was then; ${ANEW}`;
  return { changed, since };
}
