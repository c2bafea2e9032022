/** Dead letters on their way back in: onto the pipeline's replay topic, where the owner of their partition judges them anew. */
import { AppError } from '../../core/errors.ts';
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import { originKey } from '../../dead-letter/dead-letter.ts';
import { nameVersion } from '../../dead-letter/name-version.ts';
import { payloadBytes } from '../../dead-letter/shorten.ts';
import { packRecords } from '../../log/batch.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { earliestStart } from '../../windows/plan.ts';
import type { LogWriter } from './write-log.ts';

/** Bytes of records in one commit, or a single one that is larger: a request to the holder has to stay below its limit. */
const BATCH_BYTES = 4 << 20;

/** What goes onto the replay topic for a dead letter. */
export interface SentAgain {
  readonly letter: DeadLetter;
  readonly bytes: Buffer;
}

export interface ToSendAgain {
  /** The version that the record is to name, so that it is judged by that one. */
  readonly schema?: string | undefined;
  /** Windows that begin before it belong to an older revision, epoch ms. */
  readonly completeFrom?: number | undefined;
}

/** What is sent in for a dead letter, or in words why nothing can be. */
export function toSendAgain(
  letter: DeadLetter,
  { name, sources, windows }: PipelineRecord,
  { schema, completeFrom = -Infinity }: ToSendAgain = {},
): SentAgain | string {
  const why = whyNotKept(letter) ?? whyTooOld(letter, windows, { name, completeFrom });
  if (why !== undefined) return why;
  const bytes = payloadBytes(letter);
  if (schema === undefined) return { letter, bytes };
  const versions = sources.find(({ topic }) => topic === letter.topic)?.versions;
  if (!versions?.names.includes(schema)) {
    return `topic ${letter.topic} has no version ${schema} of its schema, but ${versions ? versions.names.join(', ') : 'none at all'}`;
  }
  const named = nameVersion(bytes, versions.field, schema);
  return named ? { letter, bytes: named } : 'it is no JSON object, or one nested thousands of levels deep, so it can name no version';
}

/** @throws AppError `usage` where no source of the pipeline has this version */
export function checkVersion({ name, sources }: PipelineRecord, schema: string): void {
  const names = new Set(sources.flatMap(({ versions }) => versions?.names ?? []));
  if (names.has(schema)) return;
  throw new AppError(
    'usage',
    `--schema: found "${schema}"; ` +
      (names.size === 0
        ? `expected no --schema, as no source of pipeline ${name} has several schemas (schemas: in the pipeline file)`
        : `expected a version that pipeline ${name} was last run with: ${[...names].join(', ')}. After a change of the file, run it first`),
  );
}

function whyNotKept(letter: DeadLetter): string | undefined {
  if (letter.truncated_from_bytes !== undefined) {
    return `only the beginning of its ${letter.truncated_from_bytes} bytes is kept`;
  }
  return letter.payload === undefined && letter.payload_base64 === undefined ? 'its payload is not kept' : undefined;
}

/** Of what is not late the event's time is not known here: the pipeline judges. */
function whyTooOld(letter: DeadLetter, windows: PipelineRecord['windows'], of: { name: string; completeFrom: number }): string | undefined {
  if (letter.event_time === undefined || earliestStart(windows, Date.parse(letter.event_time)) >= of.completeFrom) return undefined;
  const since = new Date(of.completeFrom).toISOString();
  return (
    `pipeline ${of.name} counts under a newer revision since (\`--new-revision\`, or \`--from\`), and nothing can be added to windows of an older one, those that ` +
    `begin before ${since} (\`older_revision\`). Count that time anew first, \`tocsin replay FILE --from earliest\`, then send it in`
  );
}

/** With its key, and where both end: of small records that is most of it. */
function sizeOf({ letter, bytes }: SentAgain): number {
  return bytes.length + originKey(letter.topic, letter.partition, letter.offset).length + 8;
}

/** Appends them, each under its origin; resolves to how many. Sent twice, a dead letter changes nothing the second time. */
export async function sendAgain(letters: AsyncIterable<SentAgain>, pipeline: PipelineRecord, writer: LogWriter): Promise<number> {
  let waiting: SentAgain[] = [];
  let bytes = 0;
  let sent = 0;
  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    const byPartition = Map.groupBy(waiting, ({ letter }) => letter.partition);
    await writer.commit({
      appends: [...byPartition].map(([partition, entries]) => ({
        topic: pipeline.topics.replay,
        partition,
        ...packRecords(
          entries.map((entry) => entry.bytes),
          entries.map(({ letter }) => originKey(letter.topic, letter.partition, letter.offset)),
        ),
      })),
    });
    sent += waiting.length;
    waiting = [];
    bytes = 0;
  }
  for await (const sendable of letters) {
    const size = sizeOf(sendable);
    if (bytes + size > BATCH_BYTES) await flush();
    waiting.push(sendable);
    bytes += size;
  }
  await flush();
  return sent;
}
