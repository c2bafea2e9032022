/** What a data directory must hold when the ad-tech sample went through it, asked as a user would ask: with the command line. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createAlerts } from '../../src/alerts/alerts.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import type { DeadLetter } from '../../src/dead-letter/dead-letter.ts';
import { createMonitor } from '../../src/pipeline/monitor/monitor.ts';
import type { WindowRecord } from '../../src/windows/row.ts';
import { closeEnough, sampleOutcomes, sampleResults, type SampleWindow } from '../oracle/adtech-sample.ts';
import { ndjson, objects, output, ROOT } from './tocsin.ts';

export const SAMPLE = path.resolve(ROOT, '../shared/data/adtech-sample/events.ndjson.gz');

/** The repository's pipeline, but so wary that it rings in the few events of the sample; its path, in `dir`. */
export function waryPipeline(dir: string): string {
  const text = readFileSync(path.join(ROOT, 'pipelines/adtech.yml'), 'utf8');
  const wary = text.replace(/min_volume: \d+/, 'min_volume: 0').replace(/warm_up: \d+/, 'warm_up: 1');
  assert.match(wary, /min_volume: 0[^]*warm_up: 1\b/, 'the pipeline file has other words now');
  copyFileSync(path.join(ROOT, 'pipelines/ad-event.v1.json'), path.join(dir, 'ad-event.v1.json'));
  const file = path.join(dir, 'wary.yml');
  writeFileSync(file, wary);
  return file;
}

/** What the sample's rules make of it, as `run --json` tells it; without what the detectors made of it. */
export function checkSummary(line: string): void {
  const { events, windows } = JSON.parse(line) as { events: unknown; windows: Record<string, unknown> };
  assert.deepEqual(events, { read: 5021, accepted: 4279, duplicate: 207, late: 83, invalid: 431, ignored: 21 });
  assert.deepEqual(windows['1m'], { results: 606, corrections: 157 });
}

export function checkOutcomes(file: string): void {
  const expected = sampleOutcomes().map(({ line, outcome, reason }) => ({ line, outcome, ...(reason !== undefined && { reason }) }));
  const got = ndjson(readFileSync(file, 'utf8'));
  for (let i = 0; i < expected.length; i++) assert.deepEqual(got[i], expected[i], `line ${i + 1}`);
  assert.equal(got.length, expected.length);
}

interface Shown extends Omit<SampleWindow, 'at_final'> {
  readonly window: string;
}

const EXACT = ['window_end', 'impressions', 'clicks', 'conversions', 'corrections', 'final'] as const;
const NEAR = ['revenue', 'ctr', 'ecpm'] as const;

/** `more`: further arguments of `tocsin windows`. */
export async function checkWindows(data: string, more: readonly string[] = []): Promise<void> {
  const rows = await objects<Shown>(['windows', '--data', data, '--window', '1m', '--json', ...more]);
  const got = new Map(rows.filter((row) => row.country && row.ad_format).map((row) => [nameOf(row), row]));
  const { windows } = sampleResults();
  for (const expected of windows) {
    const row = got.get(nameOf(expected));
    assert.ok(row, `no window ${nameOf(expected)}`);
    for (const field of EXACT) assert.equal(row[field], expected[field], `${field} of ${nameOf(expected)}`);
    for (const field of NEAR) {
      assert.ok(closeEnough(row[field], expected[field]), `${field} of ${nameOf(expected)}: ${row[field]}, expected ${expected[field]}`);
    }
  }
  assert.equal(got.size, windows.length);
  assert.equal(rows.filter((row) => row.country && row.ad_format).length, windows.length, 'a window is shown twice');
}

function nameOf(row: { window_start: string; country: string; ad_format: string }): string {
  return `${row.window_start} ${row.country} ${row.ad_format}`;
}

/** The late and the invalid lines, in their order, each once. Offsets count from 0, lines from 1. */
export async function checkDeadLetters(data: string): Promise<void> {
  const letters = await objects<Pick<DeadLetter, 'offset' | 'outcome' | 'reason' | 'detail'>>(['dlq', 'list', '--data', data, '--json']);
  for (const letter of letters) checkDetail(letter);
  const expected = sampleOutcomes().filter(({ outcome }) => outcome === 'late' || outcome === 'invalid');
  assert.equal(expected.length, 514);
  assert.deepEqual(
    letters.map(({ offset, outcome, reason }) => `${offset + 1} ${outcome} ${reason}`),
    expected.map(({ line, outcome, reason }) => `${line} ${outcome} ${reason ?? 'late'}`),
  );
  assert.equal((await output(tail(data, 'adtech.dlq'))).split('\n').length - 1, 514, 'a dead letter stands there twice');
}

/** What is invalid says in words why. */
export function checkDetail({ outcome, reason, detail = 'nothing' }: Pick<DeadLetter, 'outcome' | 'reason' | 'detail'>): void {
  assert.match(detail, outcome === 'late' ? /^nothing$/ : /expected /, reason);
}

function tail(data: string, topic: string): string[] {
  return ['log', 'tail', topic, '--from-beginning', '--data', data];
}

/** Judges `p.windows` anew with a monitor of its own: that must give the records of the alerts topic, byte for byte. Resolves to these. */
export async function checkAlertsFollow(data: string, pipeline: string): Promise<string> {
  const alerts = await output(tail(data, 'alerts'));
  const { monitor: spec } = loadPipeline(pipeline);
  const monitor = createMonitor(spec, { alerts: createAlerts({ repeatAfterMs: spec.repeatAfterMs, locale: spec.locale }) });
  const records = ndjson<WindowRecord & object>(await output(tail(data, 'adtech.windows')));
  const told = records.flatMap((record) => monitor.observe(record)).map((event) => `${JSON.stringify(event)}\n`);
  assert.ok(told.length > 100, `${told.length} alert records: too few to prove anything`);
  assert.equal(told.join(''), alerts);
  return alerts;
}

/** Everything that is shown of windows, of all sizes and roll-ups. */
export function shownWindows(data: string): Promise<string> {
  return output(['windows', '--data', data, '--json']);
}
