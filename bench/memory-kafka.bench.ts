/**
 * Resident memory at full speed: a topic of Kafka with 10,000 segments is read by the command line as fast as it can, on the main thread
 * and in one and two threads, with and without dedup. The peak of the whole process (VmHWM), and what it is besides the ids remembered
 * (16 bytes each). `EVENTS` in millions. Needs Kafka (TOCSIN_TEST_KAFKA) and Linux.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withKafka } from '../test/e2e/kafka-topic.ts';
import { report } from './measure.ts';
import { measuredRun } from './peers/measured-run.ts';
import { createWideEvents, SEGMENTS, widePipeline } from './wide-events.ts';

const EVENTS = Number(process.env['EVENTS'] ?? 3) * 1e6;
const PARTITIONS = 4;
const BATCHES = 10;
/** Of event time. */
const EVENTS_PER_SECOND = 50_000;
const ORIGIN_MS = Date.UTC(2026, 2, 2, 9);
const ID_BYTES = 16;
/** MB, besides the ids. */
const BAR = 600;
const ROOT = path.join(import.meta.dirname, '..');

const address = process.env['TOCSIN_TEST_KAFKA'];
if (address === undefined || !existsSync('/proc/self/status'))
  console.log('skipped: needs Linux and kafka: scripts/services.ts run kafka -- …');
else await memory(address);

async function memory(broker: string): Promise<void> {
  const topic = `wide-${randomBytes(4).toString('hex')}`;
  await fill(broker, topic);
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-bench-'));
  const rows: { name: string; peak_mb: number; besides_ids_mb: number; events_per_cpu_second: number; seconds: number }[] = [];
  try {
    for (const dedup of [false, true]) {
      for (const threads of [1, 2]) {
        const name = `${topic}-${threads}-${dedup}`;
        const file = path.join(dir, `${name}.yml`);
        const text = widePipeline(name, topic, { event: dedup ? ', dedup: 10m' : '' });
        writeFileSync(file, dedup ? text : text.replace('id: id, ', ''));
        const log = ['--log', `kafka://${broker}`, '--data', path.join(dir, name)];
        const { peakBytes, cpuSeconds, seconds } = await measuredRun({
          program: path.join(ROOT, 'bin/tocsin'),
          args: ['run', file, ...log, '--once', '--json', '--olap-store', 'none', '--threads', String(threads)],
        });
        const idBytes = dedup ? EVENTS * ID_BYTES : 0;
        rows.push({
          name: `${threads === 1 ? 'main thread' : `${threads} threads`}, ${dedup ? 'dedup' : 'no dedup'}`,
          peak_mb: Math.round(peakBytes / 1e6),
          besides_ids_mb: Math.round((peakBytes - idBytes) / 1e6),
          events_per_cpu_second: Math.round(EVENTS / cpuSeconds),
          seconds: Math.round(seconds),
        });
      }
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const ratio = `peak besides ids in units of ${BAR} MB`;
  const most = Math.max(...rows.map(({ besides_ids_mb: mb }) => mb));
  report('memory-kafka', {
    events: EVENTS,
    segments: SEGMENTS,
    rows,
    ratios: { [ratio]: most / BAR },
    isLessBetter: true,
    bar: { ratio, most: 1 },
  });
}

async function fill(broker: string, topic: string): Promise<void> {
  const events = createWideEvents();
  await withKafka(broker, async (log) => {
    await log.ensureTopic(topic, { partitions: PARTITIONS });
    for (let sent = 0, call = 0; sent < EVENTS; sent += SEGMENTS, call++) {
      const batches = events.records(ORIGIN_MS + Math.floor((sent / EVENTS_PER_SECOND) * 1_000), BATCHES);
      const partition = call % PARTITIONS;
      for (const batch of batches) await log.commit({ appends: [{ topic, partition, ...batch }] });
    }
  });
}
