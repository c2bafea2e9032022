import { runDemo } from '../app/demo.ts';
import { interruptSignal, type Terminal } from './terminal.ts';

interface Options {
  readonly for?: number;
  readonly data?: string;
  readonly json: boolean;
}

export async function demoCommand({ for: forMs, data, json }: Options, terminal: Terminal): Promise<number> {
  const options = { json, ...(data !== undefined && { data }), ...(forMs !== undefined && { forMs }) };
  await runDemo(options, { ...terminal, signal: interruptSignal() });
  return 0;
}
