import { runDemo } from '../app/demo/demo.ts';
import type { Terminal } from './terminal.ts';

interface Options {
  readonly for?: number;
  readonly data?: string;
  readonly listen?: string;
  readonly apiKey?: string;
  readonly open: boolean;
  readonly json: boolean;
}

export async function demoCommand({ for: forMs, ...options }: Options, terminal: Terminal): Promise<number> {
  await runDemo({ ...options, ...(forMs !== undefined && { forMs }) }, { ...terminal, signal: terminal.interruption() });
  return 0;
}
