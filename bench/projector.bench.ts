/**
 * From JSON bytes to columns, events per CPU second on one core: the projector (all fields checked; or those in use alone), the reference decoder
 * (JSON.parse and ajv), and a bare loop of JSON.parse that reads the same fields and checks none. And the whole partition (ids, watermark, panes) behind either decoder. In turn, in one
 * process; medians, and ratios of them.
 */
import { loadPipeline } from '../src/config/load-pipeline.ts';
import type { RecordBatch } from '../src/log/log.ts';
import { createJsonValidator } from '../src/schemas/json-schema.ts';
import { sourceRulesOf } from '../src/schemas/rules-of-schema.ts';
import { createAdGenerator } from '../src/sources/generator/generator.ts';
import { generatorConfig } from '../src/sources/generator/config.ts';
import type { Decoder } from '../src/windows/decode/columns.ts';
import { createDecoder, parseJson } from '../src/windows/decode/decoder.ts';
import { openDecoder } from '../src/windows/projector/open-decoder.ts';
import { createPartition } from '../src/windows/partition.ts';
import { compilePlan } from '../src/windows/plan.ts';
import { cpuSeconds, median, report, timesByRound } from './measure.ts';

const BATCHES = 60;
const BATCH_MS = 400;
/** After the first, which makes compiled code of everything. */
const ROUNDS = 15;
/** The projector is to be so many times as fast as the bare loop, which validates nothing. */
const BAR = 2;

const config = loadPipeline(new URL('../pipelines/adtech.yml', import.meta.url).pathname);
const plan = compilePlan(config.engine);
const source = config.engine.sources[0]!;
const deps = { parse: parseJson, check: createJsonValidator(source.schema!).check, idKey: [1, 2] as const };
const rules = sourceRulesOf(source);
const batches = adBatches();
const events = batches.reduce((sum, batch) => sum + batch.count, 0);

function adBatches(): RecordBatch[] {
  const origin = Date.UTC(2026, 2, 2, 9);
  const generator = createAdGenerator(generatorConfig.parse({ rate: 5_000, seed: 1 }), { originMs: origin });
  let firstOffset = 0;
  return Array.from({ length: BATCHES }, (_, k) => {
    const { bytes, ends } = generator.events(origin + k * BATCH_MS, origin + (k + 1) * BATCH_MS);
    const count = ends.length;
    firstOffset += count;
    return {
      topic: source.topic,
      partition: 0,
      firstOffset: firstOffset - count,
      count,
      bytes,
      ends,
      appendTimes: new Float64Array(count),
    };
  });
}

const fast = openDecoder(plan, source, { ...deps, rules });
const plain = createDecoder(plan, source, deps);
const inUse = decoderOf('../bench/peers/like-for-like.yml');

function decoderOf(file: string): Decoder {
  const { engine } = loadPipeline(new URL(file, import.meta.url).pathname);
  const [only] = engine.sources;
  return openDecoder(compilePlan(engine), only!, { parse: parseJson, idKey: [1, 2], rules: sourceRulesOf(only!) });
}

function decodeAll(decoder: Decoder): void {
  for (const batch of batches) decoder.decode(batch);
}

interface AdEvent {
  event_id: string;
  event_type: string;
  event_time: string;
  country: string;
  ad_format: string;
  revenue: number;
}

/** What every hand-written consumer does, without any check. */
function bareLoop(): number {
  let sum = 0;
  for (const { bytes, ends, count } of batches) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    for (let i = 0; i < count; i++) {
      const event = JSON.parse(text.slice(i === 0 ? 0 : ends[i - 1]!, ends[i])) as AdEvent;
      sum += Date.parse(event.event_time) + event.revenue + event.event_id.length;
      sum += event.event_type.length + event.country.length + event.ad_format.length;
    }
  }
  return sum;
}

function partitionOver(decoder: Decoder): void {
  const partition = createPartition(plan, source, decoder);
  for (const batch of batches) {
    partition.process(batch, 'event');
    partition.takeFinals();
    partition.takeChangedPanes();
    partition.internals.ids.takeNew(partition.watermark);
  }
}

const contenders = {
  'decode: projector': () => decodeAll(fast),
  'decode: projector, fields in use alone': () => decodeAll(inUse),
  'decode: reference (JSON.parse and ajv)': () => decodeAll(plain),
  'decode: bare loop of JSON.parse, no checks': () => void bareLoop(),
  'partition behind the projector': () => partitionOver(openDecoder(plan, source, { ...deps, rules })),
  'partition behind the reference': () => partitionOver(createDecoder(plan, source, deps)),
};
const seconds = Object.values(contenders).map((): number[] => []);
for (let round = 0; round <= ROUNDS; round++) {
  for (const [index, run] of Object.values(contenders).entries()) {
    const took = cpuSeconds(run);
    if (round > 0) seconds[index]!.push(took);
  }
}
const [projector, likeForLike, reference, bare, fastPartition, plainPartition] = seconds as [
  number[],
  number[],
  number[],
  number[],
  number[],
  number[],
];
report('projector', {
  events,
  decode_share_of_partition: median(timesByRound(projector, fastPartition)),
  bytes_per_event: Math.round(batches.reduce((sum, batch) => sum + batch.bytes.length, 0) / events),
  rows: Object.keys(contenders).map((name, index) => ({
    name,
    events_per_cpu_second: Math.round(events / median(seconds[index]!)),
    best: Math.round(events / Math.min(...seconds[index]!)),
  })),
  ratios: {
    projector_to_bare_loop: timesByRound(bare, projector),
    fields_in_use_to_bare_loop: timesByRound(bare, likeForLike),
    projector_to_reference: timesByRound(reference, projector),
    partition_to_partition_behind_reference: timesByRound(plainPartition, fastPartition),
  },
  bar: { ratio: 'projector_to_bare_loop', least: BAR },
});
