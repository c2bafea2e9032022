import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textsOf } from '../i18n/texts.ts';
import { reasonText } from './reason-text.ts';

test('a reason is told in words, with the field it is about', () => {
  assert.equal(reasonText('missing:country', textsOf.en), 'country is missing');
  assert.equal(reasonText('type:a:b', textsOf.ko), 'a:b 필드의 타입이 다름');
  assert.equal(reasonText('late', textsOf.en), 'its windows were final by then');
});

test('one that is not known stands for itself', () => {
  assert.equal(reasonText('brand_new', textsOf.en), undefined);
  assert.equal(reasonText('toString', textsOf.ko), undefined);
});
