/**
 * A month of 21 segments (and their roll-ups) through a backtest: out of the embedded OLAP store, by the detectors of the ad-tech
 * pipeline; here, and asked of a running Tocsin over HTTP. `--days 30` chooses how long a month is. Filling the store takes longer than
 * what is measured.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { historyFromStore } from '../../src/app/backtest/from-store.ts';
import { createJudges } from '../../src/app/backtest/judges.ts';
import { measuresNeeded, windowsNeeded } from '../../src/app/backtest/measures-needed.ts';
import type { RecordColumns } from '../../src/app/backtest/record-columns.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { systemClock } from '../../src/core/clock.ts';
import { readEndpoint } from '../../src/olap-store/chdb/endpoint-file.ts';
import { openEmbeddedStore } from '../../src/olap-store/chdb/open.ts';
import type { OlapStore } from '../../src/olap-store/olap-store.ts';
import type { BacktestReport } from '../../src/server/api.ts';
import { report } from '../measure.ts';
import { adPipeline, fillWithAds } from './ad-month.ts';

/** Seconds for a month, on a machine that has nothing else to do. */
const BAR = 10;
/** Seconds after which a request is ended. */
const HTTP_BAR = 55;
const PAUSE_MS = 50;
/** Days are made of hours. */
const ROLL_UPS = ['hours', 'days'];
const TOCSIN = fileURLToPath(new URL('../../bin/tocsin', import.meta.url));

const { values: options } = parseArgs({ options: { days: { type: 'string', default: '30' } } });
const days = Number(options.days);
const dir = mkdtempSync(join(tmpdir(), 'tocsin-bench-backtest-'));
const file = join(dir, 'bench.yml');
const data = join(dir, 'data');
try {
  writeFileSync(file, JSON.stringify(adPipeline));
  // Its data directory knows the pipeline from now on.
  spawnSync(TOCSIN, ['run', file, '--data', data, '--input', '-', '--once', '--quiet'], {
    input: '',
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const store = await openEmbeddedStore(data, { clock: systemClock });
  await fillWithAds(store, days);
  const here = await measure(store);
  await store.close();
  const asked = await measureOverHttp();
  const ratios = { seconds_a_month: (here.seconds * 30) / days, seconds_a_month_over_http: (asked.seconds * 30) / days };
  report('backtest', {
    rows: [here, asked],
    ratios,
    isLessBetter: true,
    bars: [
      { ratio: 'seconds_a_month', most: BAR },
      { ratio: 'seconds_a_month_over_http', most: HTTP_BAR },
    ],
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}

interface Measured {
  readonly [what: string]: string | number;
  readonly seconds: number;
}

async function measure(store: OlapStore): Promise<Measured> {
  const { monitor } = loadPipeline(file);
  const measures = measuresNeeded([monitor]);
  const wanted = {
    pipeline: 'bench',
    windows: windowsNeeded([monitor]),
    measures,
    required: new Map(),
    sketched: [],
    from: undefined,
    to: undefined,
  };
  const judges = createJudges(monitor, measures, { from: -Infinity, to: Infinity }, Math.max(1, availableParallelism() - 1));
  let rows = 0;
  const [wall, cpu] = [systemClock.elapsed(), process.cpuUsage()];
  const judged = (columns: RecordColumns): Promise<void> | void => {
    rows += columns.count;
    return judges.observe(columns);
  };
  await historyFromStore(wanted, store, judged, () => {});
  const { alerts } = await judges.judged();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (systemClock.elapsed() - wall) / 1_000;
  await judges.stop();
  return { name: `${days} days`, rows, alerts: alerts.length, seconds: round(seconds), processor_seconds: round((user + system) / 1e6) };
}

/** From the request to the end of its answer, and how long others' requests took in the meantime. */
async function measureOverHttp(): Promise<Measured> {
  const child = spawn(TOCSIN, ['run', file, '--data', data, '--clock', 'event', '--listen', '127.0.0.1:0', '--quiet'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const url = await urlOf(child);
    await rolledUp();
    const begun = systemClock.elapsed();
    const headers = { 'content-type': 'application/json' };
    const answering = fetch(`${url}/api/v1/pipelines/bench/backtest`, { method: 'POST', headers, body: '{}' });
    const answered = answering.then(() => true);
    let slowest = 0;
    do {
      const at = systemClock.elapsed();
      await (await fetch(`${url}/api/v1/pipelines`)).arrayBuffer();
      slowest = Math.max(slowest, systemClock.elapsed() - at);
    } while (!(await Promise.race([answered, sleep(PAUSE_MS, false)])));
    const response = await answering;
    const body = (await response.json()) as BacktestReport;
    if (!response.ok) throw new Error(`the backtest was answered with ${response.status}: ${JSON.stringify(body)}`);
    const seconds = (systemClock.elapsed() - begun) / 1_000;
    const { rows, settings } = body;
    const alerts = settings.reduce((sum, setting) => sum + setting.alerts.length, 0);
    return { name: `${days} days over HTTP`, rows, alerts, seconds: round(seconds), slowest_other_ms: round(slowest) };
  } finally {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  }
}

/** The engine's first roll-up of a month is work that a running Tocsin has done long ago. */
async function rolledUp(): Promise<void> {
  let endpoint = readEndpoint(data);
  for (; !endpoint; endpoint = readEndpoint(data)) await sleep(PAUSE_MS);
  const { url, owner } = endpoint;
  const headers = { 'x-clickhouse-user': owner.username, 'x-clickhouse-key': owner.password };
  const ask = async (body: string): Promise<string> => {
    const response = await fetch(url, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`${body} was answered with ${response.status}: ${await response.text()}`);
    return (await response.text()).trim();
  };
  const views = "SELECT count() FROM system.tables WHERE name LIKE 'windows_%_refresh'";
  // They are made by the first who uses the store.
  while ((await ask(views)) !== String(ROLL_UPS.length)) await sleep(PAUSE_MS);
  for (const name of ROLL_UPS) await ask(`SYSTEM WAIT VIEW tocsin.windows_${name}_refresh`);
}

async function urlOf(child: ChildProcess): Promise<string> {
  let said = '';
  for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    said += chunk.toString();
    const url = /(http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (url === undefined) continue;
    child.stderr!.resume();
    return url;
  }
  throw new Error(`it did not start: ${said}`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
