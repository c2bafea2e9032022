import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { labelsKey } from '../../core/labels.ts';
import { createKeyNames } from './keys.ts';

const DIMENSIONS = { ads: ['country', 'ad_format'] };
const only = createKeyNames({ prefix: 'metrics', pipelines: ['ads'], dimensions: DIMENSIONS });
const several = createKeyNames({ prefix: 'metrics', pipelines: ['ads', 'shop'], dimensions: DIMENSIONS });

test('keys are the values in the order of the file, * where a roll-up sums over one', () => {
  const latest = (labels: Record<string, string>) => only.series('ads', '1m', labels).latest;
  assert.equal(latest({ ad_format: 'banner', country: 'US' }), 'metrics:US:banner:1m');
  assert.equal(latest({ country: 'US' }), 'metrics:US:*:1m');
  assert.equal(latest({}), 'metrics:*:*:1m');
  assert.equal(latest({ country: '서울', ad_format: 'a b' }), 'metrics:서울:a b:1m');
  assert.equal(latest({ country: '*', ad_format: 'a:b%\n' }), 'metrics:%2A:a%3Ab%25%0A:1m');
  assert.equal(only.series('ads', '1m', { country: 'US' }).history, 'metrics:US:*:1m:history');
});

test('several pipelines, and one whose order is not known, have keys of their own', () => {
  assert.equal(several.series('ads', '1m', { country: 'US' }).latest, 'ads:metrics:US:*:1m');
  assert.equal(several.series('shop', '5m', { b: 'y', a: 'x' }).latest, 'shop:metrics:a=x:b=y:5m');
  assert.notEqual(several.owner('ads'), several.owner('shop'));
});

test('no two series, nor a series and a key of another kind, have one name', () => {
  const value = fc.oneof(
    fc.constantFrom('*', '', ':', '%', '@series', '@newest', '%2A', '\ud800', '\udc00', '1m', 'history', 'a=b'),
    fc.string(),
  );
  const labels = fc.record({ country: value, ad_format: value }, { requiredKeys: [] });
  const place = fc.record({ pipeline: fc.constantFrom('ads', 'shop'), window: fc.constantFrom('1m', '5m'), labels });
  fc.assert(
    fc.property(place, place, (a, b) => {
      const same = a.pipeline === b.pipeline && a.window === b.window && labelsKey(a.labels) === labelsKey(b.labels);
      const [first, second] = [several.series(a.pipeline, a.window, a.labels), several.series(b.pipeline, b.window, b.labels)];
      const bytes = (text: string): string => Buffer.from(text).toString('hex');
      assert.equal(bytes(first.latest) === bytes(second.latest), same);
      const { index, newest } = several.window(a.pipeline, a.window);
      const others = [index, newest, several.owner(a.pipeline), several.filled(a.pipeline), first.history];
      assert.ok(!others.map(bytes).includes(bytes(second.latest)));
    }),
    { numRuns: 2_000 },
  );
});
