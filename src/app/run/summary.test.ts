import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noOutcomes } from '../../core/outcome.ts';
import { dataPlace, nothingTaken, summaryText } from './summary.ts';

const summary = {
  events: { read: 3, ...noOutcomes(), accepted: 2, invalid: 1 },
  windows: { '1m': { results: 2, corrections: 0 } },
  alerts: { fired: 12, sent: 12 },
  seconds: 1,
};
const lineOf = (text: string, start: string): string | undefined => text.split('\n').find((line) => line.trimStart().startsWith(start));

test('what was held back is named, and why', () => {
  const alerts = (...decided: { decision: 'sent' | 'cooldown' | 'folded' | 'unwanted' | 'failed' | 'not_local'; count: number }[]) =>
    lineOf(summaryText('shop', summary, { decided }), 'alerts')!.replace(/^ +alerts +/, '');
  assert.equal(alerts(), '12 fired, 12 notifications');
  assert.equal(alerts({ decision: 'sent', count: 12 }, { decision: 'unwanted', count: 6 }), '12 fired, 12 notifications');
  const held = alerts({ decision: 'cooldown', count: 4 }, { decision: 'cooldown', count: 2 });
  assert.equal(held, '12 fired, 12 notifications; 6 held back in this run (cooldown)');
  assert.equal(
    alerts({ decision: 'folded', count: 1 }, { decision: 'cooldown', count: 1_000 }, { decision: 'failed', count: 1 }),
    '12 fired, 12 notifications; 1,001 held back in this run (1,000 cooldown, 1 folded); 1 failed in this run',
  );
  assert.match(alerts({ decision: 'not_local', count: 2 }), /2 held back in this run \(not_local: --notify tells them\)/);
});

test('where something was invalid the summary says where it lies', () => {
  assert.match(summaryText('shop', summary, { place: ' --data out' }), /dead-letter queue: tocsin dlq list --data out\n/);
  assert.doesNotMatch(summaryText('shop', summary, { place: ' --data out', isGone: true }), /dlq/);
  const fine = { ...summary, events: { read: 2, ...noOutcomes(), accepted: 2 } };
  assert.doesNotMatch(summaryText('shop', fine, { place: ' --data out' }), /dlq/);
  assert.deepEqual([dataPlace('.tocsin'), dataPlace('a/b'), dataPlace("it's")], ['', ' --data a/b', String.raw` --data 'it'\''s'`]);
});

test('a run took nothing where some of what it read was invalid or late, and none was or had been accepted', () => {
  const nothing = (counts: Partial<ReturnType<typeof noOutcomes>>): boolean =>
    nothingTaken('shop', { ...noOutcomes(), ...counts }, ' --data out') !== undefined;
  assert.deepEqual([nothing({ invalid: 2 }), nothing({ late: 1 }), nothing({ invalid: 1, ignored: 5 })], [true, true, true]);
  assert.deepEqual(
    [nothing({}), nothing({ ignored: 5 }), nothing({ duplicate: 5, invalid: 1 }), nothing({ accepted: 1, invalid: 99 })],
    [false, false, false, false],
  );
  assert.equal(
    nothingTaken('shop', { ...noOutcomes(), invalid: 1_200, late: 1, ignored: 5 }, ' --data out'),
    'pipeline shop accepted nothing of the 1,206 records of this run: 1,200 invalid, 1 late. `tocsin dlq list --data out` says why',
  );
});

test('dead letters that were sent in again and accepted have a line of their own', () => {
  assert.equal(
    lineOf(summaryText('shop', summary, { replayed: 1_336 }), 'replayed'),
    '  replayed          1,336 dead letters sent in again and accepted',
  );
  assert.equal(lineOf(summaryText('shop', summary, {}), 'replayed'), undefined);
});

test('what is in doubt stands below the counts', () => {
  assert.match(summaryText('shop', summary, { doubts: ['source a: odd'] }), /ignored +0\n {2}source a: odd\n/);
});
