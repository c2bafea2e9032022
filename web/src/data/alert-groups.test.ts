import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertGroup } from '../../../src/server/api.ts';
import type { AlertEvent } from '../../../src/receivers/alert-event.ts';
import { alert } from '../testing.ts';
import { firingCount, groupsOf, isWhole } from './alert-groups.ts';

const firing = (id: string, more: Partial<AlertEvent> = {}) => ({ ...alert(id, more), resolved_time: null });
const many = (count: number) => Array.from({ length: count }, (_, n) => firing(String(n)));
const KIND = {
  alert_type: 'ctr_drop',
  measure: 'ctr',
  metric_name: 'CTR',
  direction: 'down',
  dimensions: ['country', 'ad_format'],
} as const;

test('what fires is grouped by kind: the gravest kind first, then roll-ups, and the gravest of each first', () => {
  const groups = groupsOf(
    [
      firing('a'),
      firing('b', { severity: 'high' }),
      firing('rise', { alert_type: 'ctr_spike', direction: 'up', severity: 'high', labels: { country: 'US', ad_format: 'native' } }),
      firing('country', { severity: 'high', labels: { country: 'KR' } }),
      firing('total', { severity: 'low', labels: {} }),
    ],
    [],
  );
  assert.deepEqual(
    groups.map(({ dimensions, direction, firing: count, episodes }) => [
      dimensions.length,
      direction,
      count,
      episodes.map(({ alert_id }) => alert_id).join(),
    ]),
    [
      [1, 'down', 1, 'country'],
      [2, 'down', 2, 'b,a'],
      [2, 'up', 1, 'rise'],
      [0, 'down', 1, 'total'],
    ],
  );
});

test('while more fire than are known here the server counts, else the page itself, which knows sooner', () => {
  const told: AlertGroup = { ...KIND, firing: 4_000, gravest: 'critical' };
  const unknown: AlertGroup = { ...told, alert_type: 'traffic_drop', measure: 'impressions', gravest: 'low', firing: 30 };
  const shown = (groups: ReturnType<typeof groupsOf>) => groups.map((group) => [group.alert_type, group.firing, group.episodes.length]);
  assert.deepEqual(shown(groupsOf(many(50), [told, unknown])), [
    ['ctr_drop', 4_000, 50],
    ['traffic_drop', 30, 0],
  ]);
  assert.deepEqual(shown(groupsOf(many(20), [])), [['ctr_drop', 20, 20]]);
  assert.equal(firingCount(many(20), 4_030), 4_030);
  assert.deepEqual([isWhole(many(20), 4_030), isWhole(many(20), 20), isWhole(many(20), undefined)], [false, true, true]);
  assert.equal(firingCount([...many(20), firing('folded', { part_of: '1' }), firing('over', { status: 'resolved' })], undefined), 20);
});
