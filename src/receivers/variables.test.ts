import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillVariables, hasVariable, variableFault } from './variables.ts';

test('variables are filled in at any depth, and only once', () => {
  const settings = { url: '${HOST}/${PATH}', headers: { a: 'Bearer ${TOKEN}' }, list: ['${HOST}'], n: 1, on: true, none: null };
  const { settings: filled, missing } = fillVariables(settings, { HOST: 'http://h', PATH: '${TOKEN}$&', TOKEN: 't' });
  assert.deepEqual(filled, { url: 'http://h/${TOKEN}$&', headers: { a: 'Bearer t' }, list: ['http://h'], n: 1, on: true, none: null });
  assert.deepEqual(missing, []);
});

test('what is not set or empty is named, once', () => {
  assert.deepEqual(fillVariables({ a: '${X}${Y}', b: '${X}' }, { Y: '' }), { settings: { a: '${X}${Y}', b: '${X}' }, missing: ['X', 'Y'] });
});

test('a name that no variable can have is a fault', () => {
  assert.equal(variableFault('${SLACK_WEBHOOK_URL}'), undefined);
  assert.match(variableFault('a${SLACK-URL}') ?? '', /found \$\{SLACK-URL\}; expected the name/);
  assert.match(variableFault('${}') ?? '', /found \$\{\}/);
  assert.equal(hasVariable('$HOME {x}'), false);
});
