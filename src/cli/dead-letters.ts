import { checkVersion, sendAgain, toSendAgain, type SentAgain } from '../app/control/send-again.ts';
import { writeKafka, writeLog } from '../app/control/write-log.ts';
import { connectHolder } from '../app/control/holder.ts';
import { findDeadLetter, readDeadLetters, type DeadLetterQuery, type ShownLetter } from '../app/readers/dead-letters.ts';
import { choosePipeline, withReading } from '../app/readers/reading.ts';
import { systemClock } from '../core/clock.ts';
import { payloadBytes } from '../dead-letter/shorten.ts';
import { recordedRevisions } from '../pipeline/revision.ts';
import { AppError } from '../core/errors.ts';
import { grouped, printable, printTable, type Column } from './table.ts';
import type { PipelineOptions } from './command.ts';
import type { Terminal } from './terminal.ts';
import { counted, plural } from '../core/counted.ts';

export async function listCommand(options: PipelineOptions & DeadLetterQuery & { max?: number }, terminal: Terminal): Promise<number> {
  return withReading(options, systemClock, async (reading) => {
    const letters = atMost(readDeadLetters(reading.log, choosePipeline(reading, options.pipeline), options), options.max ?? Infinity);
    if (options.json) for await (const letter of letters) await terminal.print(JSON.stringify(letter));
    else if ((await printTable(letters, columns, terminal)) === 0) terminal.note('no dead letters');
    return 0;
  });
}

/** Exit code 1 when there is no such dead letter. */
export async function showCommand(origin: string, options: PipelineOptions, terminal: Terminal): Promise<number> {
  return withReading(options, systemClock, async (reading) => {
    const pipeline = choosePipeline(reading, options.pipeline);
    const letter = await findDeadLetter(reading.log, pipeline, checkedOrigin(origin));
    if (!letter) {
      terminal.note(`no dead letter ${origin} in pipeline ${pipeline.name}; \`tocsin dlq list\` names those that are there`);
      return 1;
    }
    if (options.json) await terminal.print(JSON.stringify(letter));
    else await terminal.print(letterText(letter));
    return 0;
  });
}

interface ReplayOptions extends PipelineOptions {
  readonly reason?: string;
  readonly all: boolean;
  readonly topic?: string;
  readonly again: boolean;
  readonly schema?: string;
}

/** Exit code 1 when a dead letter that was named is not there or cannot be sent in again. */
export async function replayCommand(origins: string[], options: ReplayOptions, terminal: Terminal): Promise<number> {
  if (origins.length === 0 && options.reason === undefined && !options.all) {
    throw new AppError('usage', 'which dead letters? Name them (ad-events/0/4711), or a --reason, or --all');
  }
  const named = origins.length > 0 ? new Set(origins.map(checkedOrigin)) : undefined;
  let judged = 0;
  /** Why some cannot be sent in: the first of them, and how many. */
  const refused = new Map<string, { first: string; count: number }>();
  const found = new Set<string>();
  return withReading(options, systemClock, async (reading) => {
    const pipeline = choosePipeline(reading, options.pipeline);
    if (options.schema !== undefined) checkVersion(pipeline, options.schema);
    const completeFrom = (await recordedRevisions(reading.log, pipeline.name))?.completeFrom;
    async function* sendable(): AsyncGenerator<SentAgain> {
      for await (const letter of readDeadLetters(reading.log, pipeline, { ...options, ...(named && { origins: named }) })) {
        if (named) found.add(letter.origin);
        if (letter.replay && letter.replay.outcome !== 'invalid' && !options.again) {
          judged++;
          continue;
        }
        const made = toSendAgain(letter, pipeline, { schema: options.schema, completeFrom });
        if (typeof made !== 'string') yield made;
        else refused.set(made, { first: letter.origin, ...refused.get(made), count: (refused.get(made)?.count ?? 0) + 1 });
      }
    }
    const writer =
      options.log === undefined ? writeLog({ dir: reading.dir, create: false }, { clock: systemClock }) : writeKafka(reading.log);
    let sent: number;
    try {
      sent = await sendAgain(sendable(), pipeline, writer);
    } finally {
      await writer.close();
    }
    for (const [why, { first, count }] of refused) {
      const others = count === 1 ? '' : ` and ${grouped(count - 1)} more`;
      terminal.note(`${first}${others} cannot be sent in again: ${why}`);
    }
    const notSendable = [...refused.values()].reduce((sum, { count }) => sum + count, 0);
    const missing = [...(named ?? [])].filter((origin) => !found.has(origin));
    if (options.json) await terminal.print(JSON.stringify({ sent, judged_before: judged, not_sendable: notSendable, not_found: missing }));
    else await terminal.print(await replayText(sent, judged, reading.dir));
    for (const origin of missing) terminal.note(`no dead letter ${origin}`);
    return missing.length > 0 || (named && notSendable > 0) ? 1 : 0;
  });
}

async function replayText(sent: number, judged: number, dir: string): Promise<string> {
  const before = judged === 0 ? '' : `; ${grouped(judged)} had been judged before and ${plural(judged, 'was', 'were')} left out`;
  if (sent === 0) return `nothing sent in${before}`;
  const holder = await connectHolder(dir);
  const when = holder
    ? 'their verdicts appear in `tocsin dlq list`'
    : 'they are judged when the pipeline runs next; their verdicts then appear in `tocsin dlq list`';
  return `${counted(sent, 'dead letter')} sent in${before}; ${when}`;
}

function checkedOrigin(origin: string): string {
  if (/^[^/]+\/\d+\/\d+$/.test(origin)) return origin;
  throw new AppError(
    'usage',
    `found "${origin}"; expected TOPIC/PARTITION/OFFSET, for example ad-events/0/4711, as \`tocsin dlq list\` shows it`,
  );
}

const columns: readonly Column<ShownLetter>[] = [
  { title: 'origin', value: (letter) => letter.origin },
  { title: 'reason', value: (letter) => letter.reason },
  { title: 'detail', value: detailText, maxWidth: 100 },
  { title: 'event time', value: (letter) => letter.event_time },
  { title: 'sent in again', value: verdictText },
  {
    title: 'payload',
    value: (letter) => letter.payload ?? (letter.payload_base64 === undefined ? undefined : '(not UTF-8)'),
    maxWidth: 80,
  },
];

/** Of a late one, how far the time had gone on without it. */
function detailText({ detail, event_time: time, watermark }: ShownLetter): string | undefined {
  if (detail !== undefined || time === undefined || watermark === undefined) return detail;
  const seconds = (Date.parse(watermark) - Date.parse(time)) / 1_000;
  return `${Math.round(seconds * 1_000) / 1_000} s behind the watermark`;
}

function verdictText({ replay }: ShownLetter): string | undefined {
  return replay && (replay.reason === undefined ? replay.outcome : `${replay.outcome} ${replay.reason}`);
}

function letterText(letter: ShownLetter): string {
  const { payload: _, payload_base64: base64, replay: __, ...fields } = letter;
  const lines = Object.entries({ ...fields, 'sent in again': verdictText(letter) }).filter(([, value]) => value !== undefined);
  const text = base64 === undefined ? payloadBytes(letter).toString() : `(not UTF-8; base64) ${base64}`;
  return [...lines.map(([name, value]) => `${name.padEnd(22)} ${printable(String(value))}`), '', printable(text)].join('\n');
}

async function* atMost<T>(items: AsyncIterable<T>, max: number): AsyncGenerator<T> {
  let left = max;
  for await (const item of items) {
    yield item;
    if (--left <= 0) return;
  }
}
