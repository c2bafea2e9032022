/** What SQL makes of stored rows is what `mergeRows` makes of them, by the window, the hour and the day, tried on the embedded engine. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { labelsKey } from '../../core/labels.ts';
import { silentLogger } from '../../core/logger.ts';
import { createRandom, type Random } from '../../core/random.ts';
import { measuresOf, mergeRows, mergeStates } from '../../windows/row-merge.ts';
import { rowVersion } from '../../windows/row-version.ts';
import type { WindowRow } from '../../windows/row.ts';
import { createDdsketch } from '../../windows/sketches/ddsketch.ts';
import { createHeavyHitters } from '../../windows/sketches/heavy-hitters.ts';
import { createHll } from '../../windows/sketches/hll.ts';
import type { MeasureSpec } from '../../windows/spec.ts';
import { superviseChdb } from '../chdb/supervisor.ts';
import type { OlapStore } from '../olap-store.ts';
import { createClickHouseStore } from './clickhouse-store.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { chdbMissing } from '../../../test/support/chdb.ts';

const HOUR = 3_600_000;
/** An hour and a day end in the middle of what is put. */
const T0 = Date.UTC(2026, 0, 5, 23, 20);
const of = { source: 'events', where: [] };
const MEASURES: MeasureSpec[] = [
  { name: 'clicks', kind: 'count', ...of },
  { name: 'revenue', kind: 'sum', field: 'x', ...of },
  { name: 'least', kind: 'min', field: 'x', ...of },
  { name: 'most', kind: 'max', field: 'x', ...of },
  { name: 'mean', kind: 'average', field: 'x', ...of },
  { name: 'users', kind: 'distinct', field: 'u', ...of },
  { name: 'middle', kind: 'quantile', field: 'x', q: 0.5, ...of },
  { name: 'rpc', kind: 'ratio', numerator: 'revenue', denominator: 'clicks', scale: 1_000 },
];
const WINDOWS = [
  { name: '5m', sizeMs: 300_000, slideMs: 300_000 },
  { name: '2h', sizeMs: 2 * HOUR, slideMs: 2 * HOUR },
  { name: '10m/5m', sizeMs: 600_000, slideMs: 300_000 },
];
const SKIP = chdbMissing();

interface Engine {
  readonly store: OlapStore;
  /** Rows of a query of ours. */
  ask<T>(sql: string): Promise<T[]>;
}

async function withEngine(migrations: readonly Migration[], work: (engine: Engine) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-rollups-'));
  const engine = superviseChdb({ dir }, { clock: systemClock, logger: silentLogger });
  const store = createClickHouseStore({}, { endpoint: engine.endpoint, migrations });
  try {
    await engine.whenReady;
    await store.putPipeline({ pipeline: 'p', measures: MEASURES, windows: WINDOWS });
    const { url, username, password } = engine.endpoint()!;
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const ask = async <T>(body: string): Promise<T[]> => {
      const answer = await fetch(`${url}/?default_format=JSONEachRow`, { method: 'POST', headers: { authorization }, body });
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as T); // prettier-ignore
    };
    await work({ store, ask });
  } finally {
    await store.close();
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** A row of five minutes with state of every kind; now and then with no value to speak of. */
function randomRow(random: Random, slot: number, country: string, more: Partial<WindowRow> = {}): WindowRow {
  const start = T0 + slot * 300_000;
  const events = random.below(30) + (more.final === false ? 0 : 1);
  const [users, values] = [createHll(), createDdsketch()];
  const numbers = Array.from({ length: events }, () => random.normal() * 10);
  for (const number of numbers) values.add(number);
  for (let i = 0; i < events * (random.below(10) === 0 ? 100 : 1); i++) users.add(random.uint32(), random.uint32());
  const sum = numbers.reduce((a, b) => a + b, 0);
  const state = {
    clicks: random.below(2) * events,
    revenue: sum,
    'mean.sum': sum,
    'mean.count': events,
    ...(events > 0 && {
      least: Math.min(...numbers),
      most: Math.max(...numbers),
      users: base64(users.toBytes()),
      middle: base64(values.toBytes()),
    }),
  };
  return {
    kind: 'row',
    pipeline: 'p',
    window: '5m',
    window_start: new Date(start).toISOString(),
    window_end: new Date(start + 300_000).toISOString(),
    labels: country === '' ? {} : { country },
    measures: measuresOf(state, MEASURES),
    state,
    events,
    replayed: 0,
    final: true,
    corrections: 0,
    version: rowVersion(1, 'final', 1_000 + slot),
    origin: '',
    partitions: ['ads/0'],
    idle: [],
    ...more,
  };
}

/** The rows of `mergeRows`, rolled up by the letter. */
function rolledUp(rows: readonly WindowRow[], ms: number): WindowRow[] {
  const period = (row: WindowRow): number => Math.floor(Date.parse(row.window_start) / ms) * ms;
  const groups = Map.groupBy(
    mergeRows(rows, MEASURES).filter(({ window }) => window === '5m'),
    (row) => `${period(row)} ${labelsKey(row.labels)}`,
  );
  return [...groups.values()].map((group) => {
    const state = group.map((row) => row.state).reduce((a, b) => mergeStates(a, b, MEASURES));
    const start = period(group[0]!);
    return {
      ...group[0]!,
      window_start: new Date(start).toISOString(),
      window_end: new Date(start + ms).toISOString(),
      measures: group.length === 1 ? group[0]!.measures : measuresOf(state, MEASURES),
      state,
      events: group.reduce((sum, row) => sum + row.events, 0),
      final: group.every((row) => row.final),
    };
  });
}

interface Found {
  readonly start_ms: number;
  readonly labels: Record<string, string>;
  readonly measures: Record<string, number | null>;
  readonly values: Record<string, number>;
  readonly sketches: Record<string, string>;
  readonly events: number;
  readonly final: boolean | number;
}

/** Equal: counts and sketches to the bit; sums of sums as far as the order of adding leaves them. */
function assertSame(found: readonly Found[], expected: readonly WindowRow[], what: string): void {
  const key = (start: number, labels: Record<string, string>): string => `${start} ${labelsKey(labels)}`;
  const byKey = new Map(found.map((row) => [key(row.start_ms, row.labels), row]));
  assert.deepEqual([...byKey.keys()].sort(), expected.map((row) => key(Date.parse(row.window_start), row.labels)).sort(), what);
  assert.equal(found.length, expected.length, what);
  for (const row of expected) {
    const at = key(Date.parse(row.window_start), row.labels);
    const { measures, values, sketches, events, final } = byKey.get(at)!;
    assert.deepEqual([events, Boolean(final)], [row.events, row.final], `${what} ${at}`);
    assert.deepEqual(Object.keys({ ...values, ...sketches }).sort(), Object.keys(row.state).sort(), `${what} ${at}`);
    for (const [name, text] of Object.entries(sketches)) assert.equal(text, row.state[name], `${what} ${at} ${name}`);
    for (const [name, value] of Object.entries({ ...values, ...measures })) {
      const wanted = name in measures ? row.measures[name] : (row.state[name] as number);
      const isNear = value === wanted || Math.abs(value! - wanted!) <= 1e-9 * Math.max(1, Math.abs(wanted!));
      assert.ok(isNear, `${what} ${at} ${name}: ${value}, expected ${wanted}`);
    }
  }
}

const FIELDS = 'start_ms, labels, measures, values, sketches, events, final';

async function assertAll({ ask }: Engine, rows: readonly WindowRow[], hasTables: boolean): Promise<void> {
  if (hasTables) {
    for (const table of ['hours', 'days']) {
      await ask(`SYSTEM REFRESH VIEW tocsin.windows_${table}_refresh`);
      await ask(`SYSTEM WAIT VIEW tocsin.windows_${table}_refresh`);
    }
  }
  assertSame(
    await ask(`SELECT ${FIELDS} FROM tocsin.windows_merged WHERE window = '5m'`),
    mergeRows(rows, MEASURES).filter(({ window }) => window === '5m'),
    'window',
  );
  // As the views over them have it: rows of an older revision of the hour left out.
  const newest = (table: string): string =>
    `SELECT ${FIELDS} FROM tocsin.${table} ${hasTables ? 'FINAL' : ''} WHERE (start_ms, bitShiftRight(version, 54)) IN
      (SELECT start_ms, max(bitShiftRight(version, 54)) FROM tocsin.${table} GROUP BY start_ms)`;
  assertSame(await ask(newest('windows_hours')), rolledUp(rows, HOUR), 'hour');
  assertSame(await ask(newest('windows_days')), rolledUp(rows, 24 * HOUR), 'day');
  const kpis = await ask<{ n: number; clicks: number }>(
    `SELECT count() AS n, coalesce(sumIf(value, measure = 'clicks'), 0) AS clicks FROM tocsin.kpis_days WHERE empty(labels)`,
  );
  const days = rolledUp(rows, 24 * HOUR).filter(({ labels }) => Object.keys(labels).length === 0);
  const clicks = days.reduce((sum, row) => sum + row.measures['clicks']!, 0);
  assert.deepEqual(kpis, [{ n: days.length * MEASURES.length, clicks }]);
}

async function play(engine: Engine, hasTables: boolean): Promise<void> {
  const random = createRandom(5);
  const rows: WindowRow[] = [];
  const put = async (more: readonly WindowRow[]): Promise<void> => {
    rows.push(...more);
    await engine.store.putWindows(more);
  };
  const slots = Array.from({ length: 24 }, (_, slot) => slot);
  await put(slots.flatMap((slot) => ['', 'US', 'KR'].map((country) => randomRow(random, slot, country))));
  await put([{ ...randomRow(random, 0, 'US'), window: '2h' }]);
  // Late origins, one that the main row names already, a replay; repeats of what is there.
  await put([
    randomRow(random, 3, 'US', { origin: 'ads/0' }),
    randomRow(random, 3, 'US', { origin: 'ads/1', final: false }),
    randomRow(random, 4, 'US', { origin: 'replay', partitions: [], replayed: 1 }),
    randomRow(random, 5, 'JP', { origin: 'ads/2' }),
  ]);
  await put(rows.slice(10, 40));
  if (hasTables) await assertAll(engine, rows, hasTables);
  // Corrections: more events under a higher version.
  const corrected = (slot: number): WindowRow => {
    const row = rows.find(({ labels, origin, window_start }) => labels['country'] === 'KR' && origin === '' && Date.parse(window_start) === T0 + slot * 300_000)!; // prettier-ignore
    const more = randomRow(random, slot, 'KR', { version: rowVersion(1, 'final', 50_000), corrections: 2 });
    return { ...more, events: row.events + 7, state: { ...more.state, clicks: Number(row.state['clicks']) + 7 } };
  };
  await put([corrected(2), corrected(20)].map((row) => ({ ...row, measures: measuresOf(row.state, MEASURES) })));
  await put(rows.slice(0, 12));
  await assertAll(engine, rows, hasTables);
  // A new revision of a whole day with fewer events and without one of the segments.
  await put(slots.map((slot) => ({ ...randomRow(random, slot, 'US'), version: rowVersion(2, 'final', slot), events: 1 })));
  await assertAll(engine, rows, hasTables);
}

describe('rows merged in SQL', { skip: SKIP }, () => {
  it('are those of mergeRows: by refreshed tables, after origins, repeats, corrections and a new revision', () =>
    withEngine(MIGRATIONS, (engine) => play(engine, true)));

  it('are those of mergeRows: by views, where the server cannot refresh', () => {
    const refused = { attempt: ['CREATE REFRESHING VIEW {db}.x'], orElse: MIGRATIONS[1]!.choice!.orElse };
    const without = MIGRATIONS.map((migration) => (migration.choice ? { ...migration, choice: refused } : migration));
    return withEngine(without, (engine) => play(engine, false));
  });

  it('a period of which windows were deleted keeps the whole that it was', () =>
    withEngine(MIGRATIONS, async (engine) => {
      const { store, ask } = engine;
      const random = createRandom(6);
      const rows = [0, 1, 2, 3].map((slot) => randomRow(random, slot, 'US'));
      await store.putWindows(rows);
      for (const sql of ['SYSTEM REFRESH VIEW', 'SYSTEM WAIT VIEW']) await ask(`${sql} tocsin.windows_hours_refresh`);
      await ask(`ALTER TABLE tocsin.windows DELETE WHERE start_ms < ${T0 + 600_000} SETTINGS mutations_sync = 1`);
      for (const sql of ['SYSTEM REFRESH VIEW', 'SYSTEM WAIT VIEW']) await ask(`${sql} tocsin.windows_hours_refresh`);
      assert.equal((await ask(`SELECT 1 FROM tocsin.windows FINAL`)).length, 2);
      assertSame(await ask(`SELECT ${FIELDS} FROM tocsin.windows_hours FINAL`), rolledUp(rows, HOUR), 'hour');
    }));

  it('heavy hitters have the most that is sure of a single part', () =>
    withEngine(MIGRATIONS, async ({ store, ask }) => {
      const top: MeasureSpec = { name: 'top', kind: 'heavy_hitters', field: 'u', keep: 2, ...of };
      await store.putPipeline({ pipeline: 'p', measures: [top], windows: WINDOWS });
      const row = (slot: number, counts: readonly [key: string, times: number][], more: Partial<WindowRow> = {}): WindowRow => {
        const sketch = createHeavyHitters(2);
        for (const [key, times] of counts) for (let i = 0; i < times; i++) sketch.add(key);
        const state = { top: base64(sketch.toBytes()) };
        return { ...randomRow(createRandom(1), slot, 'US', more), state, measures: measuresOf(state, [top]) };
      };
      const rows = [row(0, [['a', 3]]), row(0, [['b', 5]], { origin: 'ads/1' }), row(1, [['a', 4]]), row(8, [['b', 1]])]; // prettier-ignore
      await store.putWindows(rows);
      for (const table of ['hours', 'days'])
        for (const sql of ['SYSTEM REFRESH VIEW', 'SYSTEM WAIT VIEW']) await ask(`${sql} tocsin.windows_${table}_refresh`);
      const told = async (from: string) =>
        (await ask<{ value: number }>(`SELECT measures['top'] AS value FROM ${from} ORDER BY start_ms`)).map(({ value }) => value);
      assert.deepEqual(await told('tocsin.windows_merged'), [5, 4, 1]);
      assert.deepEqual(await told('tocsin.windows_hours FINAL'), [5, 1]);
      assert.deepEqual(await told('tocsin.windows_days FINAL'), [5, 1]);
    }));
});
