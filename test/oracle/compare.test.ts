/** The comparison must be able to fail: it finds nothing in rows that are right, and every fault that is put in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import type { WindowRow } from '../../src/windows/row.ts';
import { scenario } from '../property/arbitraries.ts';
import { differences, type CompareOptions } from './compare.ts';
import { judge } from './oracle.ts';
import type { OracleRow } from './windows.ts';

const options: CompareOptions = { stage: 'last', tolerance: 0, distinctError: 0.02, quantileError: 0.01 };

function asRow(row: OracleRow, stage: 'first' | 'last'): WindowRow {
  const values = stage === 'last' ? row.values : (row.atFinal ?? row.values);
  return {
    kind: 'row',
    pipeline: 'random',
    window: row.window,
    window_start: new Date(row.start).toISOString(),
    window_end: new Date(row.end).toISOString(),
    labels: row.labels,
    measures: values.measures,
    state: values.numbers,
    events: values.events,
    replayed: row.origin === 'replay' ? values.events : 0,
    final: row.final,
    corrections: stage === 'last' ? row.corrections : 0,
    version: '1',
    origin: row.origin,
    partitions: row.partitions,
    idle: row.idle,
  };
}

test('rows made of the oracle own values differ in nothing; each fault put in is found', () => {
  const faults: readonly ((row: WindowRow) => WindowRow)[] = [
    (row) => ({ ...row, events: row.events + 1, replayed: row.replayed + 1 }),
    (row) => ({ ...row, window_end: row.window_start }),
    (row) => ({ ...row, labels: { ...row.labels, more: 'x' } }),
    (row) => ({ ...row, measures: Object.fromEntries(Object.entries(row.measures).map(([name, value]) => [name, (value ?? 0) + 1e9])) }),
    (row) => ({ ...row, origin: 'topic-0/0' }),
  ];
  fc.assert(
    fc.property(scenario({ maxRecords: 15 }), fc.nat(), fc.nat(), ({ spec, records, replays, clock }, at, which) => {
      const { rows } = judge(spec, records, { clock, replays });
      const right = rows.map((row) => asRow(row, 'last'));
      assert.deepEqual(differences(right, rows, spec.measures, options), []);
      const first = rows.filter(({ final, atFinal }) => final && atFinal).map((row) => asRow(row, 'first'));
      assert.deepEqual(differences(first, rows, spec.measures, { ...options, stage: 'first' }), []);
      if (right.length === 0) return;
      const fault = faults[which % faults.length]!;
      const wrong = right.with(at % right.length, fault(right[at % right.length]!));
      assert.notDeepEqual(differences(wrong, rows, spec.measures, options), []);
      assert.notDeepEqual(differences(right.slice(1), rows, spec.measures, options), []);
      assert.notDeepEqual(differences([...right, right[0]!], rows, spec.measures, options), []);
    }),
    { numRuns: 60 },
  );
});

test('a sum that is off by its last bit is found without tolerance, and passes with one', () => {
  const measures = [{ name: 'm', kind: 'sum', source: 's', where: [], field: 'f' }] as const;
  const base = {
    window: '10s',
    start: 0,
    end: 10_000,
    labels: {},
    origin: '',
    corrections: 0,
    final: true,
    partitions: [],
    idle: [],
  } as const;
  const valuesOf = (m: number) => ({ events: 2, numbers: { m }, distinct: {}, samples: {}, measures: { m } });
  const want: OracleRow = { ...base, values: valuesOf(0.3), atFinal: undefined };
  const got = asRow({ ...base, values: valuesOf(0.1 + 0.2), atFinal: undefined }, 'last');
  assert.equal(differences([got], [want], measures, options).length, 2);
  assert.deepEqual(differences([got], [want], measures, { ...options, tolerance: 1e-12 }), []);
});
