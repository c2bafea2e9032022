import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repeats, type Telling, type TermEnd } from './told.ts';

const twice = (...tellings: Telling[]): ReadonlyMap<string, Telling[]> => new Map([['a', tellings]]);
const killed = (worker: string, at: number): TermEnd => ({ worker, why: 'kill', from: at, to: at });

function unexplained(told: ReadonlyMap<string, Telling[]>, ends: TermEnd[], outages: { from: number; to: number }[] = []): number {
  return repeats(told, { ends, outages, sessionMs: 2_000 }).unexplained.length;
}

test('a repeat is excused by the death of who sent, right after it sent; by nobody else’s, and by none long after', () => {
  const told = twice({ worker: '1', at: 10_000 }, { worker: '2', at: 13_000 });
  assert.equal(unexplained(told, []), 1);
  assert.equal(unexplained(told, [killed('1', 10_040)]), 0);
  assert.equal(unexplained(told, [killed('3', 10_040)]), 1, 'another one died');
  assert.equal(unexplained(told, [killed('1', 9_000 - 1)]), 1, 'it was dead before');
  assert.equal(unexplained(told, [killed('1', 13_500)]), 1, 'it had the time to note it');
  assert.equal(unexplained(told, [killed('1', 15_500)], [{ from: 9_000, to: 15_400 }]), 0, 'while the broker was away it had not');
});

test('each repeat needs an end of its own', () => {
  const told = twice({ worker: '1', at: 10_000 }, { worker: '2', at: 13_000 }, { worker: '3', at: 16_000 });
  assert.equal(unexplained(told, [killed('1', 10_040)]), 1);
  const both = repeats(told, { ends: [killed('1', 10_040), killed('2', 13_010)], outages: [], sessionMs: 2_000 });
  assert.deepEqual(both, { counts: { kill: 2, pause: 0, takeover: 0, stop: 0 }, unexplained: [] });
});

test('who was asked to stop and had no time to note it says so; a machine that stood still is nobody’s fault', () => {
  const told = twice({ worker: '1', at: 10_000 }, { worker: 'last', at: 30_000 });
  const stopped = (at: number): TermEnd => ({ worker: '1', why: 'stop', from: at, to: at });
  assert.equal(unexplained(told, [stopped(17_500)]), 0);
  assert.equal(unexplained(told, [stopped(18_500)]), 1, 'it had the time');
  assert.equal(unexplained(told, [killed('1', 8_500)]), 1, 'it was dead before');
  assert.equal(unexplained(told, [killed('1', 8_500)], [{ from: 8_600, to: 9_400 }]), 0, 'nobody listened when it came');
});

test('what was under way when its sender was paused may come in when that wakes', () => {
  const told = twice({ worker: '2', at: 13_000 }, { worker: '1', at: 14_050 });
  assert.equal(unexplained(told, [{ worker: '1', why: 'pause', from: 10_000, to: 14_000 }]), 0);
  assert.equal(unexplained(told, [{ worker: '1', why: 'pause', from: 10_000, to: 12_000 }]), 1);
});
