import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, textsOf, titleKey } from './texts.ts';

test('both languages say the same things with the same values', () => {
  const { en, ko } = textsOf;
  assert.deepEqual(Object.keys(ko), Object.keys(en));
  const places = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    assert.notEqual(ko[key], '', key);
    assert.deepEqual(places(ko[key]), places(en[key]), key);
  }
});

test('an alert type without words of its own is called by its direction', () => {
  assert.equal(titleKey('ctr_spike', 'up'), 'title.ctr_spike');
  assert.equal(titleKey('errors_spike', 'up'), 'title.spike');
  assert.equal(titleKey('constructor', 'down'), 'title.drop');
  for (const type of ['no_data', 'resolved', 'lasting', 'moved', 'known', 'experiment', 'spike', 'mix.spike']) {
    assert.equal(titleKey(type, 'down'), 'title.drop', type);
  }
});

test('a value that looks like a placeholder is left alone', () => {
  assert.equal(fill('{a} {b} {c}', { a: '{b}', b: '$&' }), '{b} $& {c}');
});
