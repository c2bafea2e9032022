import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readableAddress } from './address.ts';

test('an address is shown in letters, and as it stands where they are none', () => {
  assert.equal(readableAddress('https://wiki.example/%EA%B2%B0%EC%A0%9C?a=%2F'), 'wiki.example/결제?a=%2F');
  assert.equal(readableAddress('http://wiki.example/%ff'), 'wiki.example/%ff');
});
