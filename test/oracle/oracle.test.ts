/** The rules that the ad-tech sample does not touch, each by an example small enough to work out by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineSpec, SourceSpec } from '../../src/windows/spec.ts';
import { smallSource, smallSpec } from '../support/small-spec.ts';
import { judge } from './oracle.ts';
import type { OracleRecord } from './record.ts';

const source = (name: string, partitions: number): SourceSpec =>
  smallSource({ name, topic: name, partitions, event: { allowedLatenessMs: 10_000, dedupMs: 20_000 } });

const spec = smallSpec({
  sources: [source('visits', 1)],
  dimensions: ['country'],
  measures: [
    { name: 'visits', kind: 'count', source: 'visits', where: [] },
    { name: 'paid', kind: 'sum', source: 'visits', where: [], field: 'amount' },
    { name: 'least', kind: 'min', source: 'visits', where: [], field: 'amount' },
    { name: 'each', kind: 'ratio', numerator: 'paid', denominator: 'visits', scale: 10 },
  ],
  rollups: [[]],
});

let nextId = 0;
/** An event at `at` seconds, appended at `appended` seconds (at once, unless said). */
function event(at: number, fields: Record<string, unknown> = {}, appended = at): OracleRecord {
  nextId += 1;
  const text = JSON.stringify({ id: `n${nextId}`, at: at * 1_000, country: 'KR', ...fields });
  return { bytes: new TextEncoder().encode(text), appendTime: appended * 1_000 };
}

function outcomes(one: EngineSpec, records: OracleRecord[], clock: 'event' | 'append'): string[] {
  return (judge(one, [[records]], { clock }).verdicts[0]?.[0] ?? []).map(({ outcome, reason }) => reason ?? outcome);
}

test('by append time a clock that runs ahead cannot push the watermark past now', () => {
  const records = [event(100), event(350, {}, 101), event(100, {}, 102), event(402, {}, 102), event(402.001, {}, 102)];
  assert.deepEqual(outcomes(spec, records, 'append'), ['accepted', 'accepted', 'accepted', 'accepted', 'future']);
  // By event time the second one counts, and makes the third late; nothing is future where no limit is stated.
  assert.deepEqual(outcomes(spec, records, 'event'), ['accepted', 'accepted', 'late', 'accepted', 'accepted']);
});

test('the earliest end among all windows decides what is late, and an event lies in every window over it', () => {
  const windows = [...spec.windows, { name: '30s/10s', sizeMs: 30_000, slideMs: 10_000 }];
  const records = [event(5), event(29.999), event(5), event(30), event(9.999)];
  assert.deepEqual(outcomes({ ...spec, windows }, records, 'event'), ['accepted', 'accepted', 'late', 'accepted', 'late']);
  const { rows } = judge({ ...spec, windows }, [[records]], { clock: 'event' });
  const hopping = rows.filter((row) => row.window === '30s/10s' && 'country' in row.labels);
  const asText = hopping.map(({ start, values }) => `${start / 1_000}:${values.events}`);
  assert.deepEqual(asText, ['-20:1', '-10:1', '0:2', '10:2', '20:2', '30:1']);
});

test('an id is forgotten when the watermark reaches its event time and dedup; a forgotten copy is a new event', () => {
  const at = (seconds: number, id: string) => event(seconds, { id });
  const records = [at(100, 'a'), at(119.999, 'b'), at(110, 'a'), at(120, 'c'), at(115, 'a'), at(115, 'a')];
  assert.deepEqual(outcomes(spec, records, 'event'), ['accepted', 'accepted', 'duplicate', 'accepted', 'accepted', 'duplicate']);
});

test('a filter is asked before validity where the record answers, after it where the record is silent', () => {
  const filtered: EngineSpec = { ...spec, sources: [{ ...source('visits', 1), where: [{ field: 'kind', anyOf: ['view'] }] }] };
  const records = [
    { kind: 'view' },
    { kind: 'buy' },
    { kind: 'buy', at: 'x' },
    {},
    { at: 'x' },
    { kind: 'view', at: 'x' },
    { kind: ['view'] },
  ];
  const expected = ['accepted', 'ignored', 'ignored', 'ignored', 'value:at', 'value:at', 'ignored'];
  assert.deepEqual(
    outcomes(
      filtered,
      records.map((fields) => event(50, fields)),
      'event',
    ),
    expected,
  );
});

test('a closed schema judges what was sent, not what was looked up', () => {
  const lookups = [{ field: 'country', by: 'ad', file: 'f', table: { a1: 'KR' } }];
  const schema = { type: 'object', properties: { id: {}, at: {}, ad: {} }, additionalProperties: false };
  const closed: EngineSpec = { ...spec, sources: [{ ...source('visits', 1), schema, lookups }] };
  const sent = [{ ad: 'a1' }, { ad: 'a1', country: 'KR' }, { ad: 'a2', country: 'KR' }];
  const records = sent.map((fields) => event(50, { country: undefined, ...fields }));
  assert.deepEqual(outcomes(closed, records, 'event'), ['accepted', 'schema:additionalProperties', 'ignored']);
});

test('at-final values, corrections and idle partitions follow from each partition alone', () => {
  const two: EngineSpec = { ...spec, sources: [source('visits', 2)] };
  const first = [event(1, { amount: 2 }), event(10), event(3, { amount: 5 })];
  const second = [event(4, { amount: 1 })];
  const { rows } = judge(two, [[first, second]], { clock: 'event' });
  const row = rows.find(({ start, labels }) => start === 0 && labels['country'] === 'KR');
  assert.ok(row?.atFinal);
  assert.deepEqual(row.atFinal.measures, { visits: 2, paid: 3, least: 1, each: 15 });
  assert.deepEqual(row.values.measures, { visits: 3, paid: 8, least: 1, each: 80 / 3 });
  assert.deepEqual([row.corrections, row.final, row.partitions, row.idle], [1, true, ['visits/0', 'visits/1'], ['visits/1']]);
  const open = rows.find(({ start, labels }) => start === 10_000 && labels['country'] === 'KR');
  assert.deepEqual([open?.final, open?.idle, open?.values.measures['least']], [false, [], null]);
});

test('series beyond the limit count under other, partition by partition, and roll-ups stay exact', () => {
  const limited: EngineSpec = { ...spec, limits: { ...spec.limits, maxSeries: 1 } };
  const records = [event(1), event(2, { country: 'US' }), event(3, { country: 'JP' }), event(4)];
  const { rows } = judge(limited, [[records]], { clock: 'event' });
  const counts = rows.map(({ labels, values }) => [labels['country'] ?? 'all', values.events]);
  assert.deepEqual(
    new Map(counts as [string, number][]),
    new Map([
      ['KR', 2],
      ['other', 2],
      ['all', 4],
    ]),
  );
  assert.equal(counts.length, 3);
});

test('a replay is neither late nor future, counts once, and has an origin of its own', () => {
  const records = [event(1, { id: 'x' }), event(500), event(2, { id: 'late' })];
  const dead = records[2] as OracleRecord;
  const send = (key: string, bytes: OracleRecord['bytes'], afterOffset: number) => ({ key, bytes, appendTime: 0, afterOffset });
  const replays = [
    send('visits/0/2', dead.bytes, 3),
    send('visits/0/2', dead.bytes, 3),
    send('visits/0/7', dead.bytes, 3),
    send('visits/0/8', (records[1] as OracleRecord).bytes, 3),
    send('visits/0/9', new TextEncoder().encode('{'), 3),
  ];
  const judgement = judge(spec, [[records]], { clock: 'event', replays: [[replays]] });
  const told = judgement.replayVerdicts[0]?.[0]?.map(({ outcome }) => outcome);
  assert.deepEqual(told, ['accepted', 'duplicate', 'duplicate', 'duplicate', 'invalid']);
  const replayed = judgement.rows.filter(({ origin }) => origin === 'replay');
  assert.deepEqual(
    replayed.map(({ start, labels, values }) => [start, labels, values.events]),
    [
      [0, { country: 'KR' }, 1],
      [0, {}, 1],
    ],
  );
});
