/**
 * A consumer as one would write it in Node without Tocsin: @platformatic/kafka, JSON.parse and a Map.
 * Arguments: `ads` or `ysb`, broker, topic, events, file for the result; `ysb`: the table of ads and campaigns.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Consumer } from '@platformatic/kafka';

interface AdEvent {
  readonly event_type: string;
  readonly event_time: string;
  readonly country: string;
  readonly ad_format: string;
  readonly revenue: number;
}

interface YsbEvent {
  readonly ad_id: string;
  readonly event_type: string;
  readonly event_time: string;
}

interface Fold {
  add(text: string): void;
  lines(): string[];
}

const [kind, broker, topic, events, file, table] = process.argv.slice(2) as [string, string, string, string, string, string?];
const fold = kind === 'ysb' ? ysbFold(JSON.parse(readFileSync(table!, 'utf8')) as Record<string, string>) : adFold();
await consume();
writeFileSync(file, fold.lines().join(''));

async function consume(): Promise<void> {
  const consumer = new Consumer<Buffer, string>({
    groupId: `plain-node-${process.pid}`,
    clientId: 'plain-node',
    bootstrapBrokers: [broker],
    deserializers: { value: (bytes?: Buffer) => (bytes ?? '').toString() },
    // As much as Tocsin asks for of each partition.
    maxBytesPerPartition: 1 << 20,
    maxBytes: 4 << 20,
    highWaterMark: 8_192,
  });
  let left = Number(events);
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: 1_000 });
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('data', ({ value }) => {
      fold.add(value);
      if (--left === 0) resolve();
    });
  });
  await consumer.close(true);
}

function adFold(): Fold {
  const cells = new Map<string, { impressions: number; clicks: number; revenue: number }>();
  return {
    add(text) {
      const event = JSON.parse(text) as AdEvent;
      const time = Date.parse(event.event_time);
      const key = `${time - (time % 60_000)}\t${event.country}\t${event.ad_format}`;
      let cell = cells.get(key);
      if (!cell) cells.set(key, (cell = { impressions: 0, clicks: 0, revenue: 0 }));
      if (event.event_type === 'impression') cell.impressions++;
      else if (event.event_type === 'click') cell.clicks++;
      cell.revenue += event.revenue;
    },
    lines: () => Array.from(cells, ([key, { impressions, clicks, revenue }]) => `${key}\t${impressions}\t${clicks}\t${revenue}\n`),
  };
}

function ysbFold(campaigns: Readonly<Record<string, string>>): Fold {
  const views = new Map<string, number>();
  return {
    add(text) {
      const event = JSON.parse(text) as YsbEvent;
      if (event.event_type !== 'view') return;
      const campaign = campaigns[event.ad_id];
      if (campaign === undefined) return;
      const time = Number(event.event_time);
      const key = `${time - (time % 10_000)}\t${campaign}`;
      views.set(key, (views.get(key) ?? 0) + 1);
    },
    lines: () => Array.from(views, ([key, count]) => `${key}\t${count}\n`),
  };
}
