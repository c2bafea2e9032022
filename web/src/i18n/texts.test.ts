import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from './en.ts';
import { fill, LANGUAGES, preferredLanguage, textsOf } from './texts.ts';

const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

test('every language has every text, with the same names to fill in', () => {
  for (const language of LANGUAGES) {
    const texts: Readonly<Record<string, string>> = textsOf[language];
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(en).sort(), language);
    for (const [key, text] of Object.entries(en)) {
      assert.deepEqual(names(texts[key] ?? ''), names(text), `${language} ${key}`);
      assert.notEqual(texts[key]?.trim(), '', `${language} ${key}`);
    }
  }
});

test('Korean texts are Korean, but for names', () => {
  const latin = Object.entries(textsOf.ko).filter(([, text]) => !/[가-힣]/.test(text));
  assert.deepEqual(
    latin.map(([key]) => key),
    ['app.title', 'alerts.lasted'],
  );
});

test('a value is filled in, an unknown name stays to be seen', () => {
  assert.equal(fill('{a} of {b}', { a: 0 }), '0 of {b}');
});

test('the first language of the browser that there is', () => {
  assert.equal(preferredLanguage(['fr-FR', 'ko-KR', 'en']), 'ko');
  assert.equal(preferredLanguage(['fr']), 'en');
});
