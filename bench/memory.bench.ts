/**
 * Memory of the whole pipeline (generator, SQLite log, engine, monitor) while ten minutes of events go through it, with ids remembered
 * for two minutes: what is held at the worst of minutes 6 to 10 against the worst of minutes 1 to 5, after a garbage collection. Event time runs faster than the clock.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAlerts } from '../src/alerts/alerts.ts';
import { loadPipeline } from '../src/config/load-pipeline.ts';
import { systemClock } from '../src/core/clock.ts';
import { createEmbeddedLog } from '../src/log/embedded/embedded-log.ts';
import { openEngine } from '../src/pipeline/engine.ts';
import { createMonitor } from '../src/pipeline/monitor/monitor.ts';
import { createJsonValidator } from '../src/schemas/json-schema.ts';
import { generatorConfig } from '../src/sources/generator/config.ts';
import { createAdGenerator } from '../src/sources/generator/generator.ts';
import { parseCombined } from '../src/windows/decode/combined.ts';
import { parseJson } from '../src/windows/decode/decoder.ts';
import { compilePlan } from '../src/windows/plan.ts';
import { report } from './measure.ts';

const RATE = 5_000;
const MINUTES = 10;
const MINUTE_MS = 60_000;
const STEP_MS = 500;
const BAR = 1.1;

const loaded = loadPipeline(new URL('../pipelines/adtech.yml', import.meta.url).pathname);
const [first] = loaded.engine.sources;
const source = { ...first!, event: { ...first!.event, dedupMs: 2 * MINUTE_MS } };
const plan = compilePlan({ ...loaded.engine, sources: [source] });
const origin = Date.UTC(2026, 2, 2, 9);
const generator = createAdGenerator(generatorConfig.parse({ rate: RATE, seed: 1 }), { originMs: origin });
const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
const log = createEmbeddedLog({ path: join(folder, 'log.sqlite'), clock: systemClock });

const engine = await openEngine(
  {
    plan,
    topics: loaded.topics,
    revision: 1,
    completeFrom: -Infinity,
    start: () => 0,
    provisional: true,
    clock: 'event',
    maxBatchBytes: 1 << 20,
  },
  {
    log,
    monitor: createMonitor(loaded.monitor, { alerts: createAlerts({ repeatAfterMs: loaded.monitor.repeatAfterMs, locale: 'en' }) }),
    parse: { json: parseJson, combined: parseCombined },
    checks: new Map([[source.name, createJsonValidator(source.schema!).check]]),
    randomKey: () => [1, 2],
    elapsed: () => systemClock.elapsed(),
  },
);

/** Bytes held after a collection: the JavaScript heap and what stands outside it in array buffers. */
function heldBytes(): number {
  globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const held: number[] = [];
const resident: number[] = [];
for (let minute = 0; minute < MINUTES; minute++) {
  for (let at = 0; at < MINUTE_MS; at += STEP_MS) {
    const from = origin + minute * MINUTE_MS + at;
    await log.commit({ appends: [{ topic: source.topic, partition: 0, ...generator.events(from, from + STEP_MS) }] });
    while ((await engine.step()) > 0);
    await engine.commit();
  }
  held.push(heldBytes());
  resident.push(process.memoryUsage().rss);
}
await log.close();
rmSync(folder, { recursive: true });

function growth(bytes: readonly number[]): number {
  return Math.max(...bytes.slice(5)) / Math.max(...bytes.slice(0, 5));
}

report('memory', {
  events: engine.partitions()[0]!.totals.accepted,
  rows: held.map((bytes, i) => ({
    name: `minute ${i + 1}`,
    held_mb: Math.round(bytes / 1e5) / 10,
    resident_mb: Math.round(resident[i]! / 1e6),
  })),
  ratios: { second_to_first_half_held: growth(held), second_to_first_half_resident: growth(resident) },
  isLessBetter: true,
  bar: { ratio: 'second_to_first_half_held', most: BAR },
});
