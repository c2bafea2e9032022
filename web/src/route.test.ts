import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { cardAddress } from '../../src/receivers/card-address.ts';
import { formatRoute, parseRoute, type Route } from './route.ts';

test('an address leads back to what it was made of', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  const some = fc.option(text, { nil: undefined });
  const labels = fc.dictionary(text, fc.string({ unit: 'grapheme' }), { noNullPrototype: true });
  fc.assert(
    fc.property(labels, some, some, some, some, (labelsOf, pipeline, window, measure, filter) => {
      const route: Route = { page: 'segment', labels: labelsOf, alert: undefined, pipeline, window, measure, sort: 'change', filter };
      assert.deepEqual(parseRoute(formatRoute(route)), route);
    }),
  );
});

test('the address that messages give an alert leads to it', () => {
  const id = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(
    fc.property(id, id, (alert_id, pipeline) => {
      const address = new URL(cardAddress('https://tocsin.example/ads/', { alert_id, pipeline }));
      assert.equal(address.pathname, '/ads/');
      const route = parseRoute(address.hash);
      assert.deepEqual({ page: route.page, alert: route.alert, pipeline: route.pipeline }, { page: 'alert', alert: alert_id, pipeline });
      assert.deepEqual(parseRoute(formatRoute(route)), route);
    }),
  );
  assert.equal(parseRoute('#/alert/%E0%A4%A?pipeline=p').page, 'alert', 'broken, and still an address');
});

test('what cannot be read is the overview', () => {
  for (const hash of ['', '#', '#/', '#/nowhere/at?sort=all', '#overview']) {
    const { page, labels, sort } = parseRoute(hash);
    assert.deepEqual({ page, labels, sort }, { page: 'overview', labels: {}, sort: undefined }, hash);
  }
});

test('an address says only what differs from the default', () => {
  assert.equal(formatRoute(parseRoute('')), '#/');
  assert.equal(formatRoute(parseRoute('#/dead-letters?filter=')), '#/dead-letters');
});
