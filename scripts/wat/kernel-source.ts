import { assemble } from './assemble.ts';

const LINE = 120;

/** The TypeScript that holds the assembled kernel. */
export function kernelSource(wat: string): string {
  const text = Buffer.from(assemble(wat)).toString('base64');
  const lines = Array.from({ length: Math.ceil(text.length / LINE) }, (_, i) => text.slice(i * LINE, (i + 1) * LINE));
  return [
    '/** `kernel.wat`, assembled by `scripts/assemble-wat.ts`; base64. */',
    'export const KERNEL = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('');",
    '',
  ].join('\n');
}
