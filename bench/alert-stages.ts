/** Where the time between a record and its notification went, by the append times that stand in the topics. */
import { loadPipeline } from '../src/config/load-pipeline.ts';
import { atOnce } from '../src/core/slices.ts';
import { recordAt } from '../src/log/batch.ts';
import type { Log } from '../src/log/log.ts';
import { partialsTopic } from '../src/pipeline/stage-topics.ts';
import { topicsOf } from '../src/pipeline/topics.ts';
import type { AlertEvent } from '../src/receivers/alert-event.ts';
import { decodePartials } from '../src/windows/partials/codec.ts';
import { compilePlan } from '../src/windows/plan.ts';
import { MORE, OUT_OF_ORDERNESS_MS, WINDOW_MS, type Cause } from './alert-feed.ts';

/** Each in ms since the append of the record that caused it. */
export interface Stages {
  /** The partition's aggregation has told of that record; on Kafka alone, embedded this is no record. */
  readonly told: number | undefined;
  /** The alert is on its topic. */
  readonly rung: number;
  /** The request is at the receiver. */
  readonly arrived: number;
}

interface Span {
  readonly cause: Cause;
  /** Windows that end from here on, epoch ms. */
  readonly since: number;
  /** Alerts appended before this, epoch ms: later ones may still be on their way. */
  readonly until: number;
  /** By `keyOf`: when each notification came, epoch ms. */
  readonly arrivals: ReadonlyMap<string, number>;
}

interface Appended {
  readonly offset: number;
  /** Epoch ms. */
  readonly at: number;
}

/** One name for a record of the alerts' topic and for what the receiver gets of it. */
export function keyOf({ alert_id, status, alert_time }: AlertEvent): string {
  return `${alert_id}/${status}/${alert_time}`;
}

/**
 * Ascending by arrival; `newestMs`: event time of the newest record that was read in, epoch ms. @throws Error where an alert rang and nobody
 * was told
 */
export async function stagesOf(
  file: string,
  log: Log,
  { cause, since, until, arrivals }: Span,
): Promise<{ readonly stages: readonly Stages[]; readonly newestMs: number }> {
  const { engine } = loadPipeline(file);
  const { pipeline } = engine;
  const { causes, newestMs } = await causesIn(log, engine.sources[0]!.topic, cause);
  const told = await toldIn(log, pipeline, compilePlan(engine).groupings.length);
  const stages: Stages[] = [];
  const untold: string[] = [];
  for await (const { bytes, at } of recordsOf(log, topicsOf(pipeline).alerts)) {
    const alert = JSON.parse(Buffer.from(bytes).toString()) as AlertEvent;
    const isLook = alert.look !== undefined && alert.status === 'firing';
    const endMs = Date.parse(alert.window_end);
    if (alert.repeat > 0 || isLook !== (cause === 'look') || endMs < since || at > until) continue;
    const begun = causes.get(cause === 'look' ? `${alert.labels['segment']}/${endMs}` : String(endMs));
    const arrivedMs = arrivals.get(keyOf(alert));
    if (arrivedMs === undefined) untold.push(keyOf(alert));
    else if (begun) {
      const toldAt = told.find(({ offset }) => offset > begun.offset)?.at;
      stages.push({
        told: toldAt === undefined ? undefined : toldAt - begun.at,
        rung: at - begun.at,
        arrived: arrivedMs - begun.at,
      });
    }
  }
  if (untold.length > 0) throw new Error(`nobody was told of ${untold.length} alerts: ${untold.slice(0, 3).join(', ')}`);
  return { stages: stages.sort((a, b) => a.arrived - b.arrived), newestMs };
}

/** `final`, by the end of the window: the first record whose event time passes it. `look`, by segment and that: the first one too many. */
async function causesIn(log: Log, topic: string, cause: Cause): Promise<{ causes: ReadonlyMap<string, Appended>; newestMs: number }> {
  const causes = new Map<string, Appended>();
  let watermark = -Infinity;
  let newestMs = -Infinity;
  for await (const { bytes, offset, at } of recordsOf(log, topic)) {
    const event = JSON.parse(Buffer.from(bytes).toString()) as { id: string; time: string; segment: string };
    const time = Date.parse(event.time);
    newestMs = Math.max(newestMs, time);
    if (cause === 'final') {
      const passed = Math.floor((time - OUT_OF_ORDERNESS_MS) / WINDOW_MS.final) * WINDOW_MS.final;
      if (passed > watermark) causes.set(String(passed), { offset, at });
      watermark = Math.max(watermark, passed);
    } else if (event.id.startsWith(MORE)) {
      const key = `${event.segment}/${(Math.floor(time / WINDOW_MS.look) + 1) * WINDOW_MS.look}`;
      if (!causes.has(key)) causes.set(key, { offset, at });
    }
  }
  return { causes, newestMs };
}

/** Up to which offset the partition's aggregation had told what it counted, and when. Embedded it tells within the process. */
async function toldIn(log: Log, pipeline: string, groupings: number): Promise<Appended[]> {
  const topic = partialsTopic(pipeline);
  if (!(await log.topics()).some(({ name }) => name === topic)) return [];
  const told: Appended[] = [];
  for await (const { bytes, at } of recordsOf(log, topic)) {
    const { progress } = atOnce(decodePartials(bytes, groupings)).partials;
    if (progress) told.push({ offset: progress.offset, at });
  }
  return told;
}

async function* recordsOf(log: Log, topic: string): AsyncGenerator<{ bytes: Uint8Array; offset: number; at: number }> {
  for (let next = 0; ;) {
    const batch = await log.read(topic, 0, next, { maxBytes: 1 << 20 });
    if (!batch) return;
    for (let i = 0; i < batch.count; i++) yield { bytes: recordAt(batch, i), offset: batch.firstOffset + i, at: batch.appendTimes[i]! };
    next = batch.firstOffset + batch.count;
  }
}
