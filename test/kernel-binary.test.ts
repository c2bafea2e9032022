import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { kernelSource } from '../scripts/wat/kernel-source.ts';

test('the kernel that runs is the one whose text is here; else run scripts/assemble-wat.ts', () => {
  const folder = new URL('../src/log/kafka/unpack/', import.meta.url);
  const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  assert.equal(text('kernel-binary.ts'), kernelSource(text('kernel.wat')));
});
