/**
 * What is allocated for each event, bytes: from a batch of records to outcomes, ids and panes, once all is compiled. A number that one function
 * hands to another may cost 16 of them, and nobody sees it in a profile of the time.
 */
import { getHeapStatistics } from 'node:v8';
import { loadPipeline } from '../src/config/load-pipeline.ts';
import { createJsonValidator } from '../src/schemas/json-schema.ts';
import { sourceRulesOf } from '../src/schemas/rules-of-schema.ts';
import { generatorConfig } from '../src/sources/generator/config.ts';
import { createAdGenerator } from '../src/sources/generator/generator.ts';
import { parseJson } from '../src/windows/decode/decoder.ts';
import { createPartition } from '../src/windows/partition.ts';
import { compilePlan } from '../src/windows/plan.ts';
import { openDecoder } from '../src/windows/projector/open-decoder.ts';
import { report } from './measure.ts';

const BATCH_MS = 400;
/** The compiler is done long before the first that count. */
const WARM_BATCHES = 200;
const BATCHES = 100;
const ORIGIN = Date.UTC(2026, 2, 2, 9);
const BYTES_MAX = 8;

/** Bytes an event, of each batch that no collection came into. */
function bytesPerEvent(file: string): number[] {
  const { engine } = loadPipeline(new URL(file, import.meta.url).pathname);
  const plan = compilePlan(engine);
  const source = engine.sources[0]!;
  const check = source.schema === undefined ? undefined : createJsonValidator(source.schema).check;
  const decoder = openDecoder(plan, source, { parse: parseJson, ...(check && { check }), idKey: [1, 2], rules: sourceRulesOf(source) });
  const partition = createPartition(plan, source, decoder);
  const generator = createAdGenerator(generatorConfig.parse({ rate: 5_000, seed: 1 }), { originMs: ORIGIN });
  const measured: number[] = [];
  let firstOffset = 0;
  for (let k = 0; k < WARM_BATCHES + BATCHES; k++) {
    const from = ORIGIN + k * BATCH_MS;
    const { bytes, ends } = generator.events(from, from + BATCH_MS);
    const count = ends.length;
    const appendTimes = new Float64Array(count).fill(from + 5_000);
    const before = getHeapStatistics().used_heap_size;
    partition.process({ topic: source.topic, partition: 0, firstOffset, count, bytes, ends, appendTimes }, 'append');
    const used = getHeapStatistics().used_heap_size - before;
    firstOffset += count;
    if (k >= WARM_BATCHES && used > 0) measured.push(used / count);
    if (k % 20 !== 0) continue;
    partition.takeFinals();
    partition.takeChangedPanes();
    partition.internals.ids.takeNew(partition.watermark);
  }
  return measured;
}

const likeForLike = bytesPerEvent('peers/like-for-like.yml');
const validated = bytesPerEvent('peers/validated.yml');

report('garbage', {
  rows: [],
  ratios: { bytes_like_for_like: likeForLike, bytes_all_checked_dedup: validated },
  isLessBetter: true,
  bars: [
    { ratio: 'bytes_like_for_like', most: BYTES_MAX },
    { ratio: 'bytes_all_checked_dedup', most: BYTES_MAX },
  ],
});
