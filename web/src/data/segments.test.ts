import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WindowPoint } from '../../../src/server/api.ts';
import { alert, point } from '../testing.ts';
import {
  createSegmentList,
  hasDimensions,
  matches,
  RECENT_WINDOWS,
  segmentName,
  segmentOf,
  sortSegments,
  type Segment,
} from './segments.ts';
import { labelsKey, type Labels } from './series-book.ts';

const DIMENSIONS = ['country', 'ad_format'];
const CTR = { name: 'ctr', unit: '%', kind: 'ratio', denominator: 'impressions' };

function segment(points: readonly WindowPoint[], labels: Labels = point(0, 1).labels, firing = new Map()): Segment {
  return segmentOf({ key: labelsKey(labels), labels, points }, CTR, DIMENSIONS, firing);
}

test('the number is that of the newest final window, the change is against the windows before it', () => {
  const { value, open, mean, change } = segment([point(0, 2), point(1, 4), point(2, 1.5), point(3, 99, { final: false })]);
  assert.deepEqual({ value, open, mean, change }, { value: 1.5, open: false, mean: 3, change: -0.5 });
});

test('a ratio is compared with what it was over the windows together: one with hardly any events counts for hardly any', () => {
  const of = (n: number, ctr: number, impressions: number) => point(n, ctr, { measures: { ctr, impressions }, events: impressions });
  const windows = [of(0, 50, 1), of(1, 5, 999), of(2, 5, 1_000)];
  assert.equal(segment(windows).mean, 5.045);
  const seen = (measure: Parameters<typeof segmentOf>[1]) =>
    segmentOf({ key: '', labels: {}, points: windows }, measure, [], new Map()).mean;
  assert.equal(seen({ name: 'ctr', unit: '%', kind: 'average' }), 5.045, 'by events where nothing divides it');
  assert.equal(seen({ name: 'impressions', unit: null, kind: 'count' }), 500, 'what adds up is not weighed');
});

test('a name tells the labels in the order of the dimensions, and a partition, which is none', () => {
  assert.equal(segmentName({ ad_format: 'banner', country: 'US' }, DIMENSIONS), 'US · banner');
  assert.equal(segmentName({ partition: 'ads/0' }, DIMENSIONS), 'ads/0');
  assert.equal(segmentName({ country: '82', ad_format: 'banner' }, DIMENSIONS), 'country 82 · banner', 'a number alone says nothing');
  assert.equal(segmentName({}, DIMENSIONS), '');
  assert.equal(segmentName({ country: '', ad_format: 'banner' }, DIMENSIONS), '– · banner', 'events without a country');
});

test('before anything is final the open window is shown, and said to be open', () => {
  const { value, open, change } = segment([point(0, 2, { final: false })]);
  assert.deepEqual({ value, open, change }, { value: 2, open: true, change: null });
});

test('undefined values are no zeros', () => {
  const { mean, change } = segment([point(0, null), point(1, 2), point(2, null)]);
  assert.deepEqual({ mean, change }, { mean: 2, change: null });
});

test('names follow the order of the dimensions, and a filter finds words in any order', () => {
  const us = segment([point(0, 1)], { ad_format: 'banner', country: 'US' });
  assert.equal(us.name, 'US · banner');
  assert.ok(matches(us, 'BANNER us'));
  assert.ok(!matches(us, 'banner kr'));
});

test('a roll-up has exactly its dimensions', () => {
  assert.ok(hasDimensions({ country: 'US' }, ['country']));
  assert.ok(!hasDimensions({ country: 'US', ad_format: 'banner' }, ['country']));
  assert.ok(hasDimensions({}, []));
});

test('sorted by name, value, size of change and gravity; what has none comes last', () => {
  const labels = (country: string): Labels => ({ country });
  const a = segment([point(0, 1), point(1, 5)], labels('a'));
  const b = segment([point(0, 10), point(1, 1)], labels('b'), new Map([[labelsKey(labels('b')), { ...alert('x'), resolved_time: null }]]));
  const none = segment([point(0, null)], labels('c'));
  const order = (sort: Parameters<typeof sortSegments>[1]): string =>
    sortSegments([a, b, none], sort)
      .map(({ name }) => name)
      .join('');
  assert.equal(order('name'), 'abc');
  assert.equal(order('value'), 'abc');
  assert.equal(order('change'), 'abc');
  assert.equal(order('alert'), 'bac');
});

test('a list is in the order of names, numbers by their size, and what has not changed is not made anew', () => {
  const series = (country: string, ctr: number) => ({ key: labelsKey({ country }), labels: { country }, points: [point(0, ctr)] });
  const list = createSegmentList(CTR, DIMENSIONS);
  const [ten, two] = [series('c10', 1), series('c2', 2)];
  const first = list([ten, two], new Map());
  assert.deepEqual(
    first.map(({ name }) => name),
    ['c2', 'c10'],
  );
  const firing = new Map([[ten.key, { ...alert('x'), resolved_time: null }]]);
  const next = list([ten, series('c2', 3), series('c3', 4)], firing);
  assert.deepEqual(
    next.map(({ name, value, alert: rings }) => [name, value, rings?.alert_id]),
    [
      ['c2', 3, undefined],
      ['c3', 4, undefined],
      ['c10', 1, 'x'],
    ],
  );
  assert.equal(list([ten, two, series('c3', 4)], firing)[2], next[2]);
});

test('a list is in the order of names where as many series came as went', () => {
  const series = (country: string) => ({ key: labelsKey({ country }), labels: { country }, points: [point(0, 1)] });
  const list = createSegmentList(CTR, DIMENSIONS);
  const listed = (...countries: readonly string[]) => list(countries.map(series), new Map()).map(({ name }) => name);
  assert.deepEqual(listed('c', 'a', 'b'), ['a', 'b', 'c']);
  assert.deepEqual(listed('a', 'b', 'd'), ['a', 'b', 'd']);
});

test('a segment that brings nothing any more says since when, while others go on, and comes last', () => {
  const series = (country: string, ctr: number, last: number) => ({
    key: labelsKey({ country }),
    labels: { country },
    points: [point(last, ctr)],
  });
  const list = createSegmentList(CTR, DIMENSIONS);
  const gone = series('gone', 9, 0);
  const quiet = (last: number) => list([gone, series('here', 1, last)], new Map()).map(({ quietSince }) => quietSince);
  assert.deepEqual(quiet(RECENT_WINDOWS), [undefined, undefined]);
  assert.deepEqual(quiet(RECENT_WINDOWS + 1), [point(0, 9).window_end, undefined]);
  const all = list([gone, series('here', 1, RECENT_WINDOWS + 1)], new Map());
  for (const sort of ['value', 'change'] as const) assert.equal(sortSegments(all, sort).at(-1)?.name, 'gone');
  assert.deepEqual(quiet(1), [undefined, undefined]);
});
