/**
 * Twice as many events as can be read, for a while, and then none: nothing is lost, memory stays bounded, the alert on lag rings once and
 * ends, and all is caught up with. 4 s long here and until it has rung, 5 minutes with SOAK=1. Reading is made slow by
 * small batches and a commit after each, which a fast machine does not make much faster: the sender has room for twice as much.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packRecords } from '../../src/log/batch.ts';
import type { Status } from '../../src/app/readers/status.ts';
import type { PipelineStatus } from '../../src/server/api.ts';
import { service } from '../support/services.ts';
import { valuesOf, withKafka } from './kafka-topic.ts';
import { lastRows } from './last-rows.ts';
import { ndjson, output, startFor, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');
const OVERLOAD_MS = process.env['SOAK'] === '1' ? 300_000 : 4_000;
/** A machine that is slow takes longer to be that far behind. */
const PATIENCE_MS = 60_000;
const TIMEOUT_MS = (OVERLOAD_MS + PATIENCE_MS) * 7;
const COUNTRIES = ['KR', 'US', 'DE'];
/** In one piece, over all partitions. */
const SEND_RECORDS = 5_000;
const LAG_ABOVE = 15_000;
/** To learn the capacity with. However slow the machine is, it rings for none of them. */
const WARM_UP_RECORDS = LAG_ABOVE;
/** So many wait from the start on: a sender that itself stands still for a moment does not end the overload. */
const WAITING_MIN = 6 * LAG_ABOVE;
/** What the process may take over its memory after the warm-up, whatever waits and however long; the ids of the dedup span are in it. */
const GROWTH_MAX_BYTES = 256 << 20;

/** Sends lines to a partition; false: not now, try again. */
type Send = (partition: number, lines: readonly string[]) => Promise<boolean>;

function pipelineFile(dir: string, name: string, partitions: number): string {
  const file = path.join(dir, 'overload.yml');
  writeFileSync(
    file,
    [
      `pipeline: ${name}`,
      `source: { topic: ${name}-raw, partitions: ${partitions} }`,
      'event: { id: id, time: at, out_of_orderness: 1s, dedup: 80s }',
      'dimensions: [country]',
      'measures: { hits: { count: events }, total: { sum: amount } }',
      'windows: [10s]',
      `lag: { above: ${LAG_ABOVE}, for: 2s }`,
      '',
    ].join('\n'),
  );
  return file;
}

/** Events with repeats and broken ones among them, and what must become of them. */
function createSource(partitions: number) {
  const wanted = { read: 0, accepted: 0, duplicate: 0, invalid: 0 };
  const windows = new Map<string, { events: number; total: number }>();
  let next = 0;

  function lines(count: number): { readonly lines: string[]; readonly count: () => void } {
    const at = new Date();
    const counted: (() => void)[] = [];
    const made: string[] = [];
    let last = '';
    for (let i = 0; i < count; i++) {
      const n = next++;
      if (n % 50 === 49 && last !== '') {
        made.push(last);
        counted.push(() => (wanted.duplicate += 1));
      } else if (n % 97 === 96) {
        made.push(`{"id": "e${n}", `);
        counted.push(() => (wanted.invalid += 1));
      } else {
        const country = COUNTRIES[n % COUNTRIES.length]!;
        last = JSON.stringify({ id: `e${n}`, at: at.toISOString(), country, amount: n % 7 });
        made.push(last);
        counted.push(() => {
          wanted.accepted += 1;
          const start = new Date(Math.floor(at.getTime() / 10_000) * 10_000).toISOString();
          const window = windows.get(`${start} ${country}`) ?? { events: 0, total: 0 };
          windows.set(`${start} ${country}`, { events: window.events + 1, total: window.total + (n % 7) });
        });
      }
    }
    return {
      lines: made,
      count: () => {
        wanted.read += made.length;
        for (const each of counted) each();
      },
    };
  }

  return {
    wanted,
    windows,
    /** In turn to the partitions; what is not taken is sent again, until it is. Resolves to how often it was refused. */
    async send(count: number, send: Send): Promise<number> {
      let refused = 0;
      const shares = Array.from({ length: partitions }, (_, partition) => {
        const share = Math.floor(count / partitions) + (partition < count % partitions ? 1 : 0);
        return lines(share);
      });
      for (const [partition, share] of shares.entries()) {
        while (!(await send(partition, share.lines))) {
          refused += 1;
          await sleep(100);
        }
        share.count();
      }
      return refused;
    },
  };
}

interface Place {
  /** Options that say where the log is. */
  readonly log: readonly string[];
  /** Opens a way in. */
  readonly way: (name: string, url: string, work: (send: Send) => Promise<void>) => Promise<void>;
  readonly windowTexts: (name: string, data: string) => Promise<string[]>;
  readonly isRefused: boolean;
  readonly partitions: number;
  readonly batchRecords: number;
}

const embedded: Place = {
  log: [],
  isRefused: true,
  partitions: 1,
  batchRecords: 4,
  async way(name, url, work) {
    await work(async (partition, lines) => {
      const answer = await fetch(`${url}/api/v1/events/${name}-raw?partition=${partition}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: `${lines.join('\n')}\n`,
      });
      assert.ok(answer.status === 202 || answer.status === 429, `${answer.status}: ${await answer.clone().text()}`);
      await answer.text();
      return answer.status === 202;
    });
  },
  windowTexts: async (name, data) =>
    (await output(['log', 'tail', `${name}.windows`, '--from-beginning', '--data', data])).split('\n').filter(Boolean),
};

const onKafka: Place = {
  log: ['--log', `kafka://${kafka.address}`, '--session-ms', '6000'],
  isRefused: false,
  partitions: 2,
  batchRecords: 40,
  async way(name, _url, work) {
    await withKafka(kafka.address, async (log) => {
      await work(async (partition, lines) => {
        await log.commit({ appends: [{ topic: `${name}-raw`, partition, ...packRecords(lines) }] });
        return true;
      });
    });
  },
  windowTexts: (name) => valuesOf(kafka.address, `${name}.windows`),
};

/** What an operator on any machine sees meanwhile. */
async function checkFleet(name: string, data: string, log: readonly string[]): Promise<void> {
  const all = JSON.parse(await output(['status', '--json', '--data', data, ...log])) as Status;
  const { fleet, partitions } = all.pipelines.find(({ pipeline }) => pipeline === name)!;
  assert.ok(fleet);
  assert.deepEqual(
    fleet.roles.map(({ role, members }) => [role, members.map(({ owns }) => owns)]),
    [
      ['aggregate', [[`${name}-raw/0`, `${name}-raw/1`]]],
      ['monitor', [[`${name}.partials/0`]]],
      ['notify', [[`${name}.alerts/0`]]],
    ],
  );
  assert.deepEqual(fleet.unowned, []);
  assert.ok(fleet.backpressure.partials <= fleet.backpressure.limit && !fleet.backpressure.paused);
  // One of the two may have been read first.
  assert.ok(partitions.some(({ lag, lag_seconds }) => lag > 0 && lag_seconds! > 0));
  const text = await output(['status', '--data', data, ...log]);
  assert.match(text, new RegExp(`aggregate .* ${name}-raw/0 ${name}-raw/1`));
  assert.match(text, /monitor .* active/);
}

async function overload(t: TestContext, place: Place): Promise<void> {
  const dir = temporary(t);
  const name = `over${randomBytes(4).toString('hex')}`;
  const file = pipelineFile(dir, name, place.partitions);
  const data = path.join(dir, 'data');
  const common = ['--data', data, '--olap-store', 'none', '--clock', 'event', ...place.log];
  // On one thread: what it can do must not change on the way.
  const slow = ['--batch-records', String(place.batchRecords), '--commit-every-ms', '0', '--threads', '1'];
  const running = startFor(t, ['run', file, ...common, ...slow, '--listen', '127.0.0.1:0']);
  const url = await until('the API', () => /(http:\/\/127\.0\.0\.1:\d+);/.exec(running.stderr())?.[1]);
  const status = async (): Promise<PipelineStatus> =>
    (await (await fetch(`${url}/api/v1/pipelines/${name}/status`)).json()) as PipelineStatus;
  const residentBytes = async (): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^tocsin_resident_memory_bytes (\S+)$/m.exec(text)![1]);
  };
  const source = createSource(place.partitions);
  const seen = { growth: 0, lag: 0, lagSeconds: 0, reasons: new Set<string>(), isRung: false };

  await place.way(name, url, async (send) => {
    let begun = 0;
    let capacity = 0;
    let read = 0;
    for (let sent = 0; sent < WARM_UP_RECORDS; sent += SEND_RECORDS) {
      await source.send(SEND_RECORDS, send);
      begun ||= performance.now();
    }
    await until('the warm-up', async () => (await status()).outcomes.read === source.wanted.read, 60_000);
    read = WARM_UP_RECORDS;
    capacity = WARM_UP_RECORDS / ((performance.now() - begun) / 1_000);
    const warm = capacity;
    const before = await residentBytes();
    t.diagnostic(`capacity about ${Math.round(capacity)} records/s, ${Math.round(before / 2 ** 20)} MiB`);

    const watching = new AbortController();
    const watch = (async () => {
      while (!watching.signal.aborted) {
        const { outcomes, partitions, backpressure, records_per_second, alerts } = await status();
        read = outcomes.read;
        seen.isRung ||= alerts.firing > 0;
        // As fast as it reads while more is there than it can read.
        capacity = Math.max(warm / 2, records_per_second);
        seen.growth = Math.max(seen.growth, (await residentBytes()) - before);
        seen.lag = Math.max(
          seen.lag,
          partitions.reduce((sum, { lag }) => sum + lag, 0),
        );
        seen.lagSeconds = Math.max(seen.lagSeconds, ...partitions.map(({ lag_seconds }) => lag_seconds ?? 0));
        for (const reason of backpressure) seen.reasons.add(reason);
        await sleep(250);
      }
    })();
    const start = performance.now();
    let offered = 0;
    let lastAt = start;
    let refused = 0;
    // Asked once it has rung, while more keeps coming: a fast machine has caught up a moment later.
    let fleet: Promise<void> | undefined;
    let isFleetSeen = place.isRefused;
    const isEnough = (): boolean =>
      seen.isRung && seen.lagSeconds > 1 && isFleetSeen && (!place.isRefused || (refused > 0 && seen.reasons.has('backlog')));
    const isOn = (ms: number): boolean => ms < OVERLOAD_MS || (ms < OVERLOAD_MS + PATIENCE_MS && !isEnough());
    for (let now = start; isOn(now - start); now = performance.now()) {
      // Whoever is refused waits, and so does what would have come after.
      const due = Math.min(10_000, Math.max(Math.ceil(((now - lastAt) / 1_000) * capacity * 2), WAITING_MIN - source.wanted.read + read));
      lastAt = now;
      for (let sent = 0; sent < due; sent += SEND_RECORDS) refused += await source.send(Math.min(SEND_RECORDS, due - sent), send);
      offered += due;
      if (seen.isRung && !place.isRefused && !fleet) {
        fleet = checkFleet(name, data, place.log.slice(0, 2)).finally(() => (isFleetSeen = true));
        fleet.catch(() => {});
      }
      await sleep(50);
    }
    const end = performance.now();
    await fleet;
    if (!place.isRefused) assert.ok(fleet, 'nothing rang');
    await until('everything to be read', async () => (await status()).outcomes.read === source.wanted.read, (end - start) * 5 + 20_000);
    const tookS = (performance.now() - end) / 1_000;
    await until('the alert to end', async () => (await status()).alerts.firing === 0);
    watching.abort();
    await watch;
    t.diagnostic(
      `${offered} records in ${((end - start) / 1_000).toFixed(0)} s, ${refused} refusals; most ${seen.lag} records or ${seen.lagSeconds.toFixed(1)} s behind; ` +
        `caught up after ${tookS.toFixed(1)} s; ${Math.round(seen.growth / 2 ** 20)} MiB more at most; ${[...seen.reasons].join(', ')}`,
    );
    if (place.isRefused) assert.ok(refused > 0 && seen.reasons.has('backlog'), 'nobody was asked to wait');
  });
  assert.ok(seen.lag > LAG_ABOVE && seen.lagSeconds > 1, 'there was no overload');
  assert.ok(seen.growth < GROWTH_MAX_BYTES, `${seen.growth} bytes more`);

  const { stdout } = await running.stop('SIGTERM');
  assert.equal(stdout.split('\n').filter((line) => line.includes(`${name} is behind`) && line.includes('limit')).length > 0, true, stdout);
  const alerts = ndjson<{ alert_type: string; status: string; resolved_time: string | null; repeat: number }>(
    await output(['alerts', '--pipeline', name, '--json', '--data', data, ...place.log.slice(0, 2)]),
  );
  assert.deepEqual(
    alerts.map(({ alert_type, status: now, repeat }) => ({ alert_type, now, repeat })),
    [{ alert_type: 'consumer_lag', now: 'resolved', repeat: 0 }],
  );

  // What is open is given out at the end.
  const last = await output(['run', file, '--once', '--json', ...common]);
  const { read, accepted, duplicate, invalid, late, ignored } = (JSON.parse(last) as { events: Record<string, number> }).events;
  assert.deepEqual({ read, accepted, duplicate, invalid, late, ignored }, { ...source.wanted, late: 0, ignored: 0 });
  const found = new Map<string, { events: number; total: number }>();
  for (const text of lastRows(await place.windowTexts(name, data)).values()) {
    const { window_start, labels, measures } = JSON.parse(text) as {
      window_start: string;
      labels: { country: string };
      measures: { hits: number; total: number };
    };
    found.set(`${window_start} ${labels.country}`, { events: measures.hits, total: measures.total });
  }
  const sorted = (map: typeof found) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(sorted(found), sorted(source.windows));
}

test('twice the capacity over HTTP into the embedded log', { timeout: TIMEOUT_MS }, (t) => overload(t, embedded));

test('twice the capacity on Kafka', { skip: kafka.skip, timeout: TIMEOUT_MS }, (t) => overload(t, onKafka));
