/** Real requests through the real command line, held against a plain count of the same lines. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { timeText } from '../../src/core/told-time.ts';
import { objects, output, ROOT, startFor, tocsin, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const PIPELINE = 'pipelines/access-log.yml';
const LOG = path.resolve(ROOT, '../shared/data/access-log/apache_logs.gz');
const skip = existsSync(LOG) ? false : 'no ../shared/data/access-log beside the repository';

const HOUR_MS = 3_600_000;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const CLASSES = { '2': 'ok', '3': 'redirects', '4': 'client_errors', '5': 'server_errors' } as const;

interface Counts {
  requests: number;
  ok: number;
  redirects: number;
  client_errors: number;
  server_errors: number;
  bytes_sent: number;
}

interface Plain {
  readonly byHour: ReadonlyMap<string, Counts>;
  readonly byHourAndMethod: ReadonlyMap<string, Counts>;
  readonly faulty: number;
}

/** Without anything of Tocsin's: one regular expression over the lines. */
function plainCount(): Plain {
  const byHour = new Map<string, Counts>();
  const byHourAndMethod = new Map<string, Counts>();
  let faulty = 0;
  for (const text of gunzipSync(readFileSync(LOG)).toString('latin1').trimEnd().split('\n')) {
    const match =
      /^\S+ \S+ \S+ \[(\d\d)\/(\w{3})\/(\d{4}):(\d\d):\d\d:\d\d \+0000\] "([A-Z]+) (?:[^"\\]|\\.)*" (\d)\d\d (\d+|-) "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$/.exec(
        text,
      );
    if (!match) {
      faulty++;
      continue;
    }
    const [, day, month, year, hour, method, statusClass, bytes] = match as unknown as string[];
    const hourStart = new Date(Date.UTC(Number(year), MONTHS.indexOf(month!), Number(day), Number(hour))).toISOString();
    for (const [counts, key] of [
      [byHour, hourStart],
      [byHourAndMethod, `${hourStart} ${method}`],
    ] as const) {
      const at = counts.get(key) ?? { requests: 0, ok: 0, redirects: 0, client_errors: 0, server_errors: 0, bytes_sent: 0 };
      counts.set(key, at);
      at.requests++;
      at[CLASSES[statusClass as keyof typeof CLASSES]]++;
      at.bytes_sent += bytes === '-' ? 0 : Number(bytes);
    }
  }
  return { byHour, byHourAndMethod, faulty };
}

interface Row extends Counts {
  readonly window_start: string;
  readonly method?: string;
  readonly error_ratio: number;
}

test('totals by status class and hour are those of a plain count, and the hours that broke are named', { skip }, async (t) => {
  const data = path.join(temporary(t), 'data');
  const { code, stdout, stderr } = await tocsin(['run', PIPELINE, '--input', LOG, '--once', '--data', data, '--olap-store', 'none']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /accepted +9,999\n/);
  assert.match(stdout, /invalid +1\n/);

  const plain = plainCount();
  assert.equal(plain.faulty, 1);
  const rows = await objects<Row>(['windows', '--data', data, '--window', '1h', '--json']);
  const shown = new Map(rows.map((row) => [row.method === undefined ? row.window_start : `${row.window_start} ${row.method}`, row]));
  for (const [key, counts] of [...plain.byHour, ...plain.byHourAndMethod]) {
    for (const [name, value] of Object.entries(counts)) assert.equal(shown.get(key)?.[name as keyof Counts], value, `${name} of ${key}`);
  }
  assert.equal(shown.size, plain.byHour.size + plain.byHourAndMethod.size);
  assert.equal(rows.length, shown.size, 'an hour is shown twice');

  const broken = brokenHours(plain);
  assert.ok(broken.length > 0);
  const alerts = await objects<{ since: string; labels: object; resolved_time: string; severity: string }>([
    'alerts',
    '--data',
    data,
    '--json',
  ]);
  assert.deepEqual(
    alerts.map(({ since }) => since),
    broken,
  );
  assert.deepEqual(
    alerts.map(({ labels }) => labels),
    broken.map(() => ({})),
  );
  for (const hour of broken) assert.match(stdout, new RegExp(`spike.*\\n.*since ${timeText(Date.parse(hour))} `), 'it is printed too');

  const [letter, ...none] = await objects<{ offset: number; reason: string }>(['dlq', 'list', '--data', data, '--json']);
  assert.deepEqual({ offset: letter?.offset, reason: letter?.reason }, { offset: 8898, reason: 'bad_line' });
  assert.deepEqual(none, []);
});

test('an outage of three minutes is told by its first minute that is over, though no hour is', async (t) => {
  const dir = temporary(t);
  const [start, outage] = [Date.UTC(2026, 2, 2, 9, 10), Date.UTC(2026, 2, 2, 9, 22)];
  const isDown = (at: number): boolean => at >= outage && at < outage + 3 * 60_000;
  const file = path.join(dir, 'access.log');
  writeFileSync(
    file,
    Array.from({ length: 900 }, (_, i) => start + i * 2_000)
      .map((at) => line(at, isDown(at) ? 503 : 200))
      .join(''),
  );
  const { stdout } = await tocsin(['run', PIPELINE, '--input', file, '--once', '--data', path.join(dir, 'data'), '--olap-store', 'none']);
  assert.match(stdout, /server_error_ratio spike! all: 100\.00% .*\n.* 2026-03-02 09:23 UTC .* since 2026-03-02 09:22 UTC/);
  assert.match(stdout, /server_error_ratio back to normal.*\n.* 2026-03-02 09:26 UTC /);
  assert.match(stdout, /alerts +1 fired/);
});

/**
 * First hours of the episodes: over the limit with enough requests; one lasts while the ratio stays over what ends it. Hours are
 * judged when the watermark has passed them: the last one of the log is not.
 */
function brokenHours({ byHour }: Plain): string[] {
  const detect = loadPipeline(path.join(ROOT, PIPELINE)).monitor.detect.find(({ measure }) => measure === 'error_ratio');
  const limits = detect?.config as { above: { share: number }; clear_below: { share: number }; min_volume: number };
  const hours = [...byHour].sort(([a], [b]) => (a < b ? -1 : 1));
  const broken: string[] = [];
  let isFiring = false;
  for (const [hour, { requests, client_errors, server_errors }] of hours.slice(0, -1)) {
    if (requests < limits.min_volume) continue;
    const ratio = (client_errors + server_errors) / requests;
    if (!isFiring && ratio > limits.above.share) {
      broken.push(hour);
      isFiring = true;
    } else if (isFiring && ratio < limits.clear_below.share) isFiring = false;
  }
  return broken;
}

interface Status {
  readonly holder: { readonly pid: number } | null;
  readonly pipelines: readonly { readonly events: { readonly read: number } }[];
}

test('lines that go on coming through a pipe are in the windows of a run that is live, and Ctrl-C ends both', async (t) => {
  const data = path.join(temporary(t), 'data');
  const run = startFor(t, ['run', PIPELINE, '--data', data, '--olap-store', 'none']);
  await until('the run', () => run.stderr().includes('Ctrl-C ends it'));
  const ingest = startFor(t, ['ingest', '-', '--topic', 'access-log', '--data', data], { input: 'open' });
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS;
  let sent = 0;
  const send = (at: number, count: number, status: number): void => {
    for (let i = 0; i < count; i++) ingest.child.stdin!.write(line(at + (i % 60) * 1_000, status));
    sent += count;
  };
  const rowsOf = async (): Promise<Row[]> => objects<Row>(['windows', '--data', data, '--window', '1h', '--json']);
  const final = (at: number) => async (): Promise<Row | undefined> =>
    (await rowsOf()).find((row) => row.window_start === new Date(at).toISOString() && row.method === undefined);

  send(hour, 80, 200);
  send(hour, 20, 500);
  send(hour + HOUR_MS + 120_000, 40, 200);
  const first = await until('the first hour', final(hour));
  assert.deepEqual(
    { requests: first.requests, ok: first.ok, server_errors: first.server_errors, error_ratio: first.error_ratio },
    { requests: 100, ok: 80, server_errors: 20, error_ratio: 20 },
  );

  // The pipe has been open all the time: what comes later is read too.
  send(hour + 2 * HOUR_MS + 120_000, 10, 200);
  assert.equal((await until('the second hour', final(hour + HOUR_MS))).requests, 40);
  const status = await until('all that was sent', async () => {
    const found = JSON.parse(await output(['status', '--data', data, '--json'])) as Status;
    return found.pipelines[0]?.events.read === sent ? found : undefined;
  });
  assert.equal(status.holder?.pid, run.child.pid);
  assert.equal((await objects(['alerts', '--data', data, '--json'])).length, 1);

  // Too old to page anyone, but it still fires when the requests of now come in: then it is told, once. The hours between had
  // too few requests to say that all is well.
  send(Date.now(), 1, 200);
  await until('the alert on the terminal', () => run.stdout().includes('error_ratio spike! all: 20.00% (limit 5.00%)'));
  const ingested = await ingest.stop('SIGINT');
  assert.equal(ingested.code, 0, ingested.stderr);
  const ended = await run.stop('SIGINT');
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(ended.stdout.match(/error_ratio spike!/g)?.length, 1);
  assert.match(ended.stdout, new RegExp(`accepted +${sent}\\n`));
  assert.equal((JSON.parse(await output(['status', '--data', data, '--json'])) as Status).holder, null);
});

test('an ingest outlives the runs beside it: one starts, ends and starts again, and every line is there once', async (t) => {
  const dir = temporary(t);
  const data = path.join(dir, 'data');
  const file = path.join(dir, 'access.log');
  const count = 400_000;
  writeFileSync(file, Array.from({ length: count }, (_, i) => line(i * 10, 200 + (i % 7))).join(''));
  await output(['ingest', '/dev/null', '--topic', 'access-log', '--partitions', '1', '--data', data, '--quiet']);
  const ingest = startFor(t, ['ingest', file, '--topic', 'access-log', '--data', data, '--json']);
  let runs = 0;
  for (; ingest.child.exitCode === null; runs++) {
    const { code, stderr } = await tocsin(['run', PIPELINE, '--data', data, '--olap-store', 'none', '--for', '300ms']);
    assert.equal(code, 0, stderr);
  }
  const { code, stdout, stderr } = await ingest.ended;
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as { lines: number }).lines, count);
  t.diagnostic(`${runs} runs beside the ingest`);
  const last = await output(['run', PIPELINE, '--once', '--json', '--data', data, '--olap-store', 'none']);
  const { read, accepted } = (JSON.parse(last) as { events: { read: number; accepted: number } }).events;
  assert.deepEqual({ read, accepted }, { read: count, accepted: count });
});

function line(time: number, status: number): string {
  const at = new Date(time);
  const date = `${String(at.getUTCDate()).padStart(2, '0')}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${at.toISOString().slice(11, 19)} +0000`;
  return `192.0.2.7 - - [${date}] "GET /shop HTTP/1.1" ${status} 512 "-" "Mozilla/5.0"\n`;
}
