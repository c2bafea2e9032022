/**
 * Events per CPU second on one core, from NDJSON bytes to windows: the engine as people run it (`pipelines/adtech.yml`: every field
 * validated, ids deduplicated, 1 m and 5 m windows, three roll-ups) against a plain loop of JSON.parse with the same aggregation,
 * and against the barest loop one would write. Ratios of medians, the two in turn, in one process.
 */
import { loadPipeline } from '../src/config/load-pipeline.ts';
import { splitLines } from '../src/log/batch.ts';
import type { RecordBatch } from '../src/log/log.ts';
import { createJsonValidator } from '../src/schemas/json-schema.ts';
import { createAdGenerator } from '../src/sources/generator/generator.ts';
import { generatorConfig } from '../src/sources/generator/config.ts';
import { sourceRulesOf } from '../src/schemas/rules-of-schema.ts';
import { parseJson } from '../src/windows/decode/decoder.ts';
import { openDecoder } from '../src/windows/projector/open-decoder.ts';
import { createPartition } from '../src/windows/partition.ts';
import { compilePlan } from '../src/windows/plan.ts';
import { cpuSeconds, median, report, timesByRound } from './measure.ts';

const EVENTS = 300_000;
const EVENTS_PER_PIECE = 2_000;
/** After the first, which makes compiled code of everything. */
const ROUNDS = 7;
/** The engine may not be slower than this share of the plain loop's rate. */
const BAR = 0.8;

const config = loadPipeline(new URL('../pipelines/adtech.yml', import.meta.url).pathname);
const plan = compilePlan(config.engine);
const source = config.engine.sources[0]!;
const validator = createJsonValidator(source.schema!);
const pieces = ndjsonPieces();

function ndjsonPieces(): Buffer[] {
  const rate = 5_000;
  const origin = Date.UTC(2026, 2, 2, 9);
  const generator = createAdGenerator(generatorConfig.parse({ rate, seed: 1 }), { originMs: origin });
  const made: Buffer[] = [];
  const stepMs = (EVENTS_PER_PIECE / rate) * 1_000;
  for (let from = origin; made.length * EVENTS_PER_PIECE < EVENTS; from += stepMs) {
    const { bytes, ends } = generator.events(from, from + stepMs);
    const lines = Array.from(ends, (end, i) => Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1]!, end)).toString());
    made.push(Buffer.from(`${lines.join('\n')}\n`));
  }
  return made;
}

function engine(): number {
  const decoder = openDecoder(plan, source, { parse: parseJson, check: validator.check, idKey: [1, 2], rules: sourceRulesOf(source) });
  const partition = createPartition(plan, source, decoder);
  let offset = 0;
  for (const piece of pieces) {
    const { bytes, ends } = splitLines(piece, { last: true });
    const batch: RecordBatch = {
      topic: source.topic,
      partition: 0,
      firstOffset: offset,
      count: ends.length,
      bytes,
      ends,
      appendTimes: new Float64Array(ends.length),
    };
    partition.process(batch, 'event');
    partition.takeFinals();
    partition.takeChangedPanes();
    partition.internals.ids.takeNew(partition.watermark);
    offset += ends.length;
  }
  return partition.totals.accepted;
}

interface AdEvent {
  event_id: string;
  event_type: string;
  event_time: string;
  country: string;
  ad_format: string;
  revenue: number;
}

/** Counts of each window size and grouping in a Map, ids in a Set: what the engine computes, without its checks. */
function plainLoop(sizesMs: readonly number[], groupings: readonly (readonly ('country' | 'ad_format')[])[], dedup: boolean): number {
  const cells = new Map<string, { impressions: number; clicks: number; conversions: number; revenue: number }>();
  const seen = new Set<string>();
  let accepted = 0;
  for (const piece of pieces) {
    for (const line of piece.toString().split('\n')) {
      if (line === '') continue;
      const event = JSON.parse(line) as AdEvent;
      if (dedup) {
        if (seen.has(event.event_id)) continue;
        seen.add(event.event_id);
      }
      accepted++;
      const time = Date.parse(event.event_time);
      for (const sizeMs of sizesMs) {
        const start = Math.floor(time / sizeMs) * sizeMs;
        for (const grouping of groupings) {
          let key = `${sizeMs}|${start}`;
          for (const dimension of grouping) key += `|${event[dimension]}`;
          let cell = cells.get(key);
          if (!cell) cells.set(key, (cell = { impressions: 0, clicks: 0, conversions: 0, revenue: 0 }));
          if (event.event_type === 'impression') cell.impressions++;
          else if (event.event_type === 'click') cell.clicks++;
          else cell.conversions++;
          cell.revenue += event.revenue;
        }
      }
    }
  }
  return accepted;
}

const FULL = [['country', 'ad_format']] as const;
const ALL = [['country', 'ad_format'], ['country'], ['ad_format'], []] as const;
const contenders = {
  engine,
  'JSON.parse loop, same windows, roll-ups and dedup': () => plainLoop([60_000, 300_000], ALL, true),
  'JSON.parse loop, 1 m windows only, no dedup': () => plainLoop([60_000], FULL, false),
};

const seconds = Object.fromEntries(Object.keys(contenders).map((name) => [name, [] as number[]]));
const accepted = new Map<string, number>();
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, run] of Object.entries(contenders)) {
    const took = cpuSeconds(() => accepted.set(name, run()));
    if (round > 0) seconds[name]!.push(took);
  }
}
if (new Set(accepted.values()).size !== 1) throw new Error(`the contenders disagree: ${JSON.stringify([...accepted])}`);

const [ours, same, bare] = Object.values(seconds) as [number[], number[], number[]];
report('throughput', {
  events: accepted.get('engine')!,
  rows: Object.entries(seconds).map(([name, list]) => ({ name, events_per_cpu_second: Math.round(accepted.get(name)! / median(list)) })),
  ratios: { to_same_aggregation: timesByRound(same, ours), to_barest_loop: timesByRound(bare, ours) },
  bar: { ratio: 'to_same_aggregation', least: BAR },
});
