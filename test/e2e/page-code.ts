/** The code of a page of the documentation, to be run as it stands there. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './tocsin.ts';

/** Fenced blocks of a language, in their order. */
export function codeOf(page: string, language: string): string[] {
  const text = readFileSync(path.join(ROOT, 'docs', page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, found, code]) => (found === language ? [code!] : []));
}
