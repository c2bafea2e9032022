import { generateCommerce, type GenerateOptions, type StreamSummary } from '../sources/commerce/generate.ts';
import { grouped } from './table.ts';
import type { Terminal } from './terminal.ts';

interface Options {
  readonly out: string;
  readonly seed: number;
  readonly rate: number;
  readonly start: number;
  readonly for: number;
  readonly json: boolean;
}

export async function generateCommerceCommand(options: Options, terminal: Terminal): Promise<number> {
  const { out, seed, rate } = options;
  const given: GenerateOptions = { out, seed, rate, startMs: options.start, forMs: options.for };
  const summary = await generateCommerce(given);
  if (options.json) {
    await terminal.print(JSON.stringify(summary));
    return 0;
  }
  for (const stream of Object.values(summary.streams)) await terminal.print(streamText(out, stream));
  await terminal.print(`${out}/summary.json says the same, with the reasons of what is invalid`);
  return 0;
}

function streamText(out: string, { file, records, outcomes }: StreamSummary): string {
  const parts = Object.entries(outcomes).filter(([, count]) => count > 0);
  return `${out}/${file}: ${grouped(records)} events, of which must become ${parts.map(([name, count]) => `${name} ${grouped(count)}`).join(', ')}`;
}
