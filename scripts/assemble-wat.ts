/** Writes `kernel-binary.ts` anew from `kernel.wat` beside it; after every change of that. test/kernel-binary.test.ts holds the two together. */
import { readFileSync, writeFileSync } from 'node:fs';
import { kernelSource } from './wat/kernel-source.ts';

const folder = new URL('../src/log/kafka/unpack/', import.meta.url);
writeFileSync(new URL('kernel-binary.ts', folder), kernelSource(readFileSync(new URL('kernel.wat', folder), 'utf8')));
