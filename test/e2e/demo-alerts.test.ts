/** The story that the demo tells is true: it rings for its breaks, for nothing else, and calls them over when they are. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { withBreaksFrom, withoutBreaks } from '../../src/app/demo/breaks.ts';
import { readAlerts } from '../../src/app/readers/alerts.ts';
import { choosePipeline, withReading } from '../../src/app/readers/reading.ts';
import { runPipelines } from '../../src/app/run.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { GeneratorConfig } from '../../src/sources/generator/config.ts';
import { createAdGenerator } from '../../src/sources/generator/generator.ts';
import { CONVERSION_RATE, createSegments } from '../../src/sources/generator/market.ts';
import { temporary } from '../support/temporary.ts';
import { RUN_DEFAULTS } from '../../src/app/run/run-options.ts';

const SECOND = 1_000;
const PIPELINE = loadPipeline(path.resolve(import.meta.dirname, '../../pipelines/demo.yml'));
const generator = PIPELINE.inputs[0]!.config as GeneratorConfig;
/** No whole window, at an hour with little traffic in the smallest segments. */
const ORIGIN = Date.UTC(2026, 2, 2, 10, 0, 4, 321);

test('every segment is judged at every hour, and half of its clicks is then hardly ever chance', () => {
  const segments = createSegments();
  const eventsPerImpression = 1 + segments.reduce((sum, { share, ctr }) => sum + share * ctr, 0) * (1 + CONVERSION_RATE);
  const ctr = PIPELINE.monitor.detect.find(({ measure }) => measure === 'ctr')!;
  const { min_volume: volumeMin, down } = ctr.config as { min_volume: number; down: number };
  const windowSeconds = PIPELINE.engine.windows.find(({ name }) => name === ctr.window)!.sizeMs / SECOND;
  for (const { country, ad_format: format, share, ctr: usual } of segments) {
    const impressions = (generator.rate / eventsPerImpression) * share * (1 - generator.daily_swing) * windowSeconds;
    assert.ok(impressions > volumeMin, `${country} ${format}: ${impressions} impressions`);
    const clicks = impressions * usual;
    // Standard deviations of a Poisson number: 3.5 are passed once in 4,000 times at most.
    assert.ok((down * clicks) / Math.sqrt(clicks) > 3.5, `${country} ${format}: ${clicks} clicks`);
  }
});

test('the two breaks ring within half a minute, nothing else does, and they are over when they are', { timeout: 120_000 }, async (t) => {
  const dir = temporary(t);
  await runPipelines(
    {
      ...RUN_DEFAULTS,
      files: [PIPELINE],
      data: dir,
      input: '-',
      once: true,
      olapStore: 'none',
      quiet: true,
    },
    {
      stdin: Readable.from(lines(-75, 100)) as typeof process.stdin,
      stdout: nowhere(),
      stderr: nowhere(),
      signal: new AbortController().signal,
    },
  );
  const alerts = await withReading(dir, systemClock, (reading) => readAlerts(reading.log, choosePipeline(reading, 'demo'), {}));
  assert.deepEqual(
    alerts.map(({ alert_type: type, labels }) => [type, labels['country'], labels['ad_format']]),
    [
      ['ctr_drop', 'US', 'banner'],
      ['traffic_spike', 'KR', 'rewarded_video'],
    ],
  );
  for (const [i, { alert_time: rang, resolved_time: over }] of alerts.entries()) {
    const { after = 0, for: lasts } = generator.breaks[i]!;
    const [begins, ends] = [ORIGIN + after, ORIGIN + after + lasts];
    assert.ok(Date.parse(rang) > begins && Date.parse(rang) < begins + 30 * SECOND, rang);
    assert.ok(over !== null && Date.parse(over) > ends && Date.parse(over) < ends + 20 * SECOND, `${over}`);
  }
});

test('the breaks of the demo count from when its page is up, with whole windows, and nothing breaks before', () => {
  const breaksOf = ({ inputs }: typeof PIPELINE) => (inputs[0]!.config as GeneratorConfig).breaks;
  assert.deepEqual(breaksOf(withoutBreaks(PIPELINE)), []);
  const counted = breaksOf(withBreaksFrom(PIPELINE, ORIGIN));
  assert.deepEqual(
    counted.map(({ at, after, for: lasts }) => ({ at: Date.parse(at ?? ''), after, lasts })),
    generator.breaks.map(({ after = 0, for: lasts }) => ({ at: Math.ceil((ORIGIN + after) / 10_000) * 10_000, after: undefined, lasts })),
  );
});

/** What comes in these seconds around the generator's first start. */
function* lines(fromSeconds: number, toSeconds: number): Generator<Buffer> {
  const made = createAdGenerator(generator, { originMs: ORIGIN });
  for (let at = ORIGIN + fromSeconds * SECOND; at < ORIGIN + toSeconds * SECOND; at += SECOND) {
    const { bytes, ends } = made.events(at, at + SECOND);
    const texts = Array.from(ends, (end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
    yield Buffer.concat(texts.flatMap((text) => [text, Buffer.from('\n')]));
  }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
