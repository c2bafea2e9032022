/** How much traffic a segment has of its own, from what came into the raw topic last. */
import type { Clock } from '../../core/clock.ts';
import type { Segment } from '../../sources/generator/market.ts';
import type { Log } from '../../log/log.ts';
import { batches, textAt } from '../readers/reading.ts';
import type { Traffic } from './scenarios.ts';

/** Looked at: so much time, and of a busy topic no more than so many records a partition. */
const SPAN_MS = 10_000;
const RECORDS_MAX = 100_000;

interface Event {
  readonly country?: unknown;
  readonly ad_format?: unknown;
  readonly event_type?: unknown;
}

export async function measureTraffic(
  log: Pick<Log, 'bounds' | 'offsetAt' | 'read'>,
  { topic, partitions }: { readonly topic: string; readonly partitions: number },
  segments: readonly Segment[],
  clock: Clock,
): Promise<Traffic[]> {
  const counts = segments.map(() => ({ impressions: 0, clicks: 0 }));
  for (let partition = 0; partition < partitions; partition++) {
    const { end } = await log.bounds(topic, partition);
    const since = await log.offsetAt(topic, partition, clock.now() - SPAN_MS);
    const from = Math.max(since, end - RECORDS_MAX);
    // A part of the span stands for all of it.
    const weight = end > from ? (end - since) / (end - from) : 0;
    for await (const batch of batches(log as Log, topic, partition, from, end)) {
      for (let i = 0; i < batch.count; i++) {
        const event = parse(textAt(batch, i));
        const at = segments.findIndex(({ country, ad_format: format }) => event.country === country && event.ad_format === format);
        const count = counts[at];
        if (count && event.event_type === 'impression') count.impressions += weight;
        if (count && event.event_type === 'click') count.clicks += weight;
      }
    }
  }
  return counts.map(({ impressions, clicks }) => ({ impressions: (impressions * 1_000) / SPAN_MS, clicks: (clicks * 1_000) / SPAN_MS }));
}

function parse(text: string): Event {
  try {
    return (JSON.parse(text) ?? {}) as Event;
  } catch {
    return {};
  }
}
