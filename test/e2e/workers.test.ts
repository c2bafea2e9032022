/** Several workers of one pipeline on a real broker, while records come in: added, removed, killed, stopped and woken as zombies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { createRandom, type Random } from '../../src/core/random.ts';
import { columnAt, packRecords, splitLines } from '../../src/log/batch.ts';
import { untilTold } from '../crash/checks.ts';
import { sampleMissing } from '../oracle/adtech-sample.ts';
import { service } from '../support/services.ts';
import { bring, valuesOf, withKafka } from './kafka-topic.ts';
import { lastRows } from './last-rows.ts';
import { ownPipeline } from './own-pipeline.ts';
import { SAMPLE } from './sample-checks.ts';
import { output, printedSeed, startFor, type Running } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const skip = kafka.skip !== false ? kafka.skip : sampleMissing;
const PARTITIONS = 6;
/** A busy machine must be able to give a sign of life in it. */
const SESSION_MS = 3_000;
/** The sample several times over, each time an hour later; in every second of them something is done to a worker. */
const ROUNDS = 8;

interface Fleet {
  readonly running: Map<number, Running>;
  add(): number;
  /** What all wrote on standard error, for failures. */
  said(): string;
}

function fleetOf(t: TestContext, file: string, dir: string): Fleet {
  const running = new Map<number, Running>();
  const all: Running[] = [];
  return {
    running,
    said: () => all.map(({ stderr }, id) => `--- ${id}\n${stderr()}`).join('\n'),
    add() {
      const id = all.length;
      const args = ['run', file, '--log', `kafka://${kafka.address}`, '--olap-store', 'none', '--clock', 'event', '--quiet'];
      const more = ['--data', path.join(dir, `worker${id}`), '--session-ms', String(SESSION_MS), '--commit-every-ms', '200'];
      all.push(startFor(t, [...args, ...more]));
      running.set(id, all[id]!);
      return id;
    },
  };
}

/** Records of the sample, with ids and times of their own for each round. */
function rounds(): Uint8Array[][] {
  const cut = splitLines(gunzipSync(readFileSync(SAMPLE)), { last: true });
  const lines = Array.from({ length: cut.ends.length }, (_, i) => columnAt(cut, i));
  return Array.from({ length: ROUNDS }, (_, round) =>
    lines.map((line) => {
      const text = Buffer.from(line).toString('latin1');
      const moved = text.replace(/T(\d\d):/g, (_found, hour: string) => `T${String(Number(hour) + round).padStart(2, '0')}:`);
      return Buffer.from(moved.replace(/("event_id": ?")[0-9a-f]{2}/, `$1${String(round + 10)}`), 'latin1');
    }),
  );
}

async function disturb(fleet: Fleet, random: Random, said: string[]): Promise<void> {
  const ids = [...fleet.running.keys()];
  const id = ids[random.below(ids.length)]!;
  const one = fleet.running.get(id)!;
  const what = ids.length < 3 ? 'add' : (['kill', 'stop', 'remove', 'add'] as const)[random.below(4)]!;
  said.push(`${what} ${what === 'add' ? '' : id}`.trim());
  if (what === 'add') fleet.add();
  else if (what === 'kill') {
    fleet.running.delete(id);
    await one.stop('SIGKILL');
  } else if (what === 'remove') {
    fleet.running.delete(id);
    await one.stop('SIGTERM');
  } else {
    // Past its session: others have taken over when it wakes.
    one.child.kill('SIGSTOP');
    await sleep(SESSION_MS * 1.7);
    one.child.kill('SIGCONT');
  }
}

test(
  'workers come and go, die, and wake as zombies while records come in: the rows are those of one engine',
  { skip, timeout: 900_000 },
  async (t) => {
    const random = createRandom(printedSeed(t));
    const dir = temporary(t);
    // Event time goes by an hour a second here: what a takeover takes must not be long enough for windows to be given up.
    const slow = (text: string): string => `${text.replace(/max_ahead:.*/, 'max_ahead: 3h')}\nlimits: { retire_after: 100h }\n`;
    const { file, name, topic } = ownPipeline(dir, PARTITIONS, slow);
    const all = rounds();
    await bring(
      kafka.address,
      topic,
      Array.from({ length: PARTITIONS }, () => []),
    );
    const fleet = fleetOf(t, file, dir);
    for (let i = 0; i < 3; i++) fleet.add();
    const said: string[] = [];
    const parts: Uint8Array[][] = Array.from({ length: PARTITIONS }, () => []);
    await withKafka(kafka.address, async (log) => {
      for (const [round, lines] of all.entries()) {
        const disturbing = round % 2 === 1 ? disturb(fleet, random, said) : Promise.resolve();
        for (let at = 0; at < lines.length; at += 500) {
          const byPartition: Uint8Array[][] = Array.from({ length: PARTITIONS }, () => []);
          lines.slice(at, at + 500).forEach((line, i) => byPartition[i % PARTITIONS]!.push(line));
          byPartition.forEach((records, partition) => parts[partition]!.push(...records));
          await log.commit({ appends: byPartition.map((records, partition) => ({ topic, partition, ...packRecords(records) })) });
          await sleep(100);
        }
        await disturbing;
      }
    });
    t.diagnostic(said.join(', '));

    const total = all.flat().length;
    await untilTold(kafka.address, name, total, fleet.said);
    for (const one of fleet.running.values()) one.child.kill('SIGTERM');
    await Promise.all([...fleet.running.values()].map((one) => one.ended));
    // What is open is given out by a last run, as the embedded engine does it.
    const log = ['--log', `kafka://${kafka.address}`, '--session-ms', String(SESSION_MS)];
    const last = await output(['run', file, '--once', '--json', '--olap-store', 'none', '--data', path.join(dir, 'last'), ...log]);

    const data = path.join(dir, 'embedded');
    for (const [partition, records] of parts.entries()) {
      const input = Buffer.concat(records.flatMap((line) => [line, Buffer.from('\n')]));
      await output(
        ['ingest', '-', '--topic', topic, '--partition', String(partition), '--partitions', String(PARTITIONS), '--data', data, '--quiet'],
        {
          input,
        },
      );
    }
    const embedded = await output(['run', file, '--once', '--json', '--olap-store', 'none', '--data', data]);
    const { events } = JSON.parse(embedded) as { events: unknown };
    assert.deepEqual((JSON.parse(last) as { events: unknown }).events, events);
    const tail = await output(['log', 'tail', `${name}.windows`, '--from-beginning', '--data', data]);
    const wanted = lastRows(tail.split('\n').filter(Boolean));
    const found = lastRows(await valuesOf(kafka.address, `${name}.windows`));
    assert.ok(wanted.size > 500 * ROUNDS, `${wanted.size} rows`);
    const different = [...wanted]
      .filter(([key, row]) => found.get(key) !== row)
      .map(([key, row]) => `${key}\n  ${row}\n  ${found.get(key)}`);
    assert.equal(different.length, 0, `${different.length} rows differ:\n${different.slice(0, 3).join('\n')}`);
    assert.equal(found.size, wanted.size);
  },
);
