import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { KeyCount, Verdict } from '../detector.ts';
import { frequencyConfig } from './config.ts';
import { frequency } from './frequency.ts';

const measure: MeasureSpec = { kind: 'heavy_hitters', name: 'top_users', source: 'events', where: [], field: 'user_id', keep: 64 };
const window = { name: '1s', sizeMs: 1_000, slideMs: 1_000 };

function observe(settings: object, value: number | null, keys: readonly KeyCount[] = [], absent = false): readonly Verdict[] {
  const detector = frequency.create(frequencyConfig.parse(settings), { measure, window });
  const observation = { startMs: 0, endMs: 1_000, labels: {}, value, volume: 500, absent, keys };
  return detector.observeWindow([{ state: undefined, observation }], undefined).steps[0]!.verdicts;
}

const key = (name: string, least: number): KeyCount => ({ key: name, least, most: least + 2 });

test('rings above the limit and names the keys above it, a few', () => {
  const keys = [key('a', 130), key('b', 120), key('c', 101), key('d', 100), key('e', 3)];
  const [verdict] = observe({ more_than: 100, name: 2 }, 130, keys);
  assert.equal(verdict?.status, 'firing');
  assert.deepEqual(verdict.keys, keys.slice(0, 2));
  assert.deepEqual(observe({ more_than: 100 }, 130, keys)[0]?.keys, keys.slice(0, 3));
});

test('at the limit, and where nothing came, all is in order', () => {
  assert.equal(observe({ more_than: 130 }, 130, [key('a', 130)])[0]?.status, 'clear');
  assert.equal(observe({ more_than: 1 }, null, [], true)[0]?.status, 'clear');
});

test('other measures are refused with what would suit', () => {
  const count: MeasureSpec = { kind: 'count', name: 'clicks', source: 'events', where: [] };
  assert.throws(
    () => frequency.create(frequencyConfig.parse({ more_than: 5 }), { measure: count, window }),
    /kind count.*heavy_hitters: user_id/,
  );
});
