import { withReading } from '../app/readers/reading.ts';
import { readTopics, tail, type TailedRecord, type TailOptions, type TopicSummary } from '../app/readers/topics.ts';
import { systemClock } from '../core/clock.ts';
import { formatDuration } from '../core/duration.ts';
import { bytesText, printable, printTable, type Column } from './table.ts';
import type { ReadOptions } from './command.ts';
import type { Terminal } from './terminal.ts';

export async function listCommand(options: ReadOptions, terminal: Terminal): Promise<number> {
  return withReading(options, systemClock, async ({ log }) => {
    const topics = await readTopics(log);
    if (options.json) for (const topic of topics) await terminal.print(JSON.stringify(topic));
    else if ((await printTable(topics, columns, terminal)) === 0) terminal.note('no topics yet');
    return 0;
  });
}

type Options = Omit<TailOptions, 'topic' | 'signal'> & ReadOptions;

export async function tailCommand(topic: string, { data, log: address, json, ...options }: Options, terminal: Terminal): Promise<number> {
  const signal = terminal.interruption({ isReading: true });
  return withReading({ data, ...(address !== undefined && { log: address }) }, systemClock, async ({ log }) => {
    // Raw into a file or pipe; on a terminal the bytes of others must not act on it.
    const text = terminal.stdout.isTTY ? printable : (value: string) => value;
    for await (const record of tail(log, { ...options, topic, signal })) {
      await terminal.print(json ? JSON.stringify(recordJson(record)) : text(record.value ?? ''));
    }
    return 0;
  });
}

function recordJson({ partition, offset, appendTime, key, value }: TailedRecord): Record<string, unknown> {
  return { partition, offset, append_time: new Date(appendTime).toISOString(), key: key ?? null, value };
}

const columns: readonly Column<TopicSummary>[] = [
  { title: 'topic', value: ({ topic }) => topic },
  { title: 'partition', value: ({ partition }) => partition, right: true },
  { title: 'start', value: ({ start }) => start, right: true },
  { title: 'end', value: ({ end }) => end, right: true },
  { title: 'stored', value: ({ stored_bytes }) => bytesText(stored_bytes), right: true },
  { title: 'kept', value: ({ retention_ms }) => (retention_ms === null ? 'for ever' : formatDuration(retention_ms)) },
];
