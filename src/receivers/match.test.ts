import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import type { Labels } from '../core/labels.ts';
import type { AlertEvent } from './alert-event.ts';
import { isMatched, matchSchema, matchText, takesKind, type Match } from './match.ts';

const of = (given: Partial<AlertEvent>): AlertEvent => ({ ...sampleAlert, ...given });
const banner = of({ labels: { country: 'US', ad_format: 'banner' } });

test('all that is named must hold, one value or any of a list', () => {
  const cases: [Match | undefined, boolean][] = [
    [undefined, true],
    [{ labels: { country: 'US' } }, true],
    [{ labels: { country: ['KR', 'US'] } }, true],
    [{ labels: { country: 'KR' } }, false],
    [{ labels: { country: 'US', ad_format: 'video' } }, false],
    [{ measure: 'ctr' }, true],
    [{ measure: ['revenue', 'clicks'] }, false],
    [{ alert_type: 'ctr_drop', severity: ['high', 'critical'] }, true],
    [{ alert_type: 'ctr_drop', severity: 'critical' }, false],
    [{ alert_type: 'ctr_spike', severity: 'high' }, false],
  ];
  for (const [match, expected] of cases) assert.equal(isMatched(match, banner), expected, JSON.stringify(match));
});

test('a value that the file has as a number or a truth is its text', () => {
  assert.ok(isMatched({ labels: { shard: 3, premium: true } }, of({ labels: { shard: '3', premium: 'true' } })));
  assert.ok(!isMatched({ labels: { shard: [1, 2] } }, of({ labels: { shard: '3' } })));
});

test('a roll-up is told to whom it holds a segment of; what concerns the pipeline itself to all', () => {
  const korea: Match = { labels: { country: 'KR' } };
  assert.ok(isMatched(korea, of({ labels: {} })));
  assert.ok(isMatched(korea, of({ labels: { ad_format: 'banner' } })));
  assert.ok(isMatched(korea, of({ labels: { partition: 'ad-events/0' }, measure: 'series', alert_type: 'series_limit' })));
  assert.ok(!isMatched(korea, of({ labels: { country: 'US' } })));
});

test('whoever is told of a segment is told of each roll-up that may speak for it', () => {
  const value = fc.constantFrom('a', 'b');
  const dimensions = ['x', 'y', 'z'];
  const labels = fc.record({ x: value, y: value, z: value });
  const some = fc.subarray(dimensions);
  fc.assert(
    fc.property(labels, some, labels, some, (segment, named, meant, kept) => {
      const only = (all: Labels, names: readonly string[]): Labels => Object.fromEntries(names.map((name) => [name, all[name]!]));
      const match: Match = { labels: only(meant, named) };
      const rollUp = of({ labels: only(segment, kept) });
      assert.ok(!isMatched(match, of({ labels: segment })) || isMatched(match, rollUp));
    }),
  );
});

test('an alert is as grave as the gravest that it speaks for', () => {
  const member = { alert_id: 'm', labels: {}, series: 'm', since: sampleAlert.since, told: false } as const;
  assert.ok(isMatched({ severity: 'critical' }, of({ members: [{ ...member, severity: 'critical' }] })));
  assert.ok(!isMatched({ severity: 'high' }, of({ members: [{ ...member, severity: 'critical' }] })));
  assert.ok(isMatched({ severity: 'high' }, of({ members: [{ ...member, severity: 'low' }, member] })));
});

test('whether alerts of a kind may match is asked without labels and severity', () => {
  const match: Match = { labels: { country: 'KR' }, severity: 'critical', measure: 'ctr' };
  assert.ok(takesKind(match, { measure: 'ctr', alert_type: 'ctr_drop' }));
  assert.ok(!takesKind(match, { measure: 'revenue', alert_type: 'revenue_drop' }));
  assert.ok(takesKind(undefined, { measure: 'revenue', alert_type: 'revenue_drop' }));
});

test('in words it is what the file says', () => {
  assert.equal(matchText({ labels: { country: ['KR', 'JP'] }, severity: 'critical' }), 'country KR or JP, severity critical');
  assert.equal(matchText({ measure: ['ctr', 'ecpm'] }), 'measure ctr or ecpm');
});

test('an empty match, and lists of nothing, are refused', () => {
  for (const wrong of [
    {},
    { labels: {} },
    { labels: { country: [] } },
    { labels: { shard: 2 ** 60 } },
    { severity: 'grave' },
    { severty: 'high' },
    { labels: 'KR' },
    { measure: [] },
  ]) {
    assert.ok(!matchSchema.safeParse(wrong).success, JSON.stringify(wrong));
  }
});
