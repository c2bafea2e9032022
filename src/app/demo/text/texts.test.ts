import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textsOf } from './texts.ts';

const SAID: Readonly<Record<string, readonly string[]>> = {
  intro: ['1,234', '1d'],
  counted: ['86,400', '7.5'],
  breaks: ['20s', '1m', '45s', '/data/of/demo'],
};

test('both languages say the same of what the demo does', () => {
  for (const [locale, texts] of Object.entries(textsOf)) {
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(textsOf.en).sort(), locale);
    for (const [name, given] of Object.entries(SAID)) {
      const text = (texts as unknown as Record<string, (...given: string[]) => string>)[name]!(...given);
      for (const each of given) assert.ok(text.includes(each), `${locale} ${name} leaves out ${each}: ${text}`);
    }
    const url = 'http://127.0.0.1:7600';
    assert.ok(texts.live(url, false).includes(url));
    assert.notEqual(texts.live(url, true), texts.live(url, false));
    assert.ok(!texts.live(undefined, false).includes('undefined'));
  }
});

test('in Korean all of it is Korean', () => {
  const { ko, en } = textsOf;
  const all = [
    ko.intro('1', '1d'),
    ko.counted('1', '1'),
    ko.live(undefined, false),
    ko.breaks('1s', '1s', '1s', 'd'),
    ko.slackSet,
    ko.slackUnset,
    ko.deleted,
  ];
  for (const text of all) assert.match(text, /[가-힣]/);
  assert.notEqual(ko.deleted, en.deleted);
});
