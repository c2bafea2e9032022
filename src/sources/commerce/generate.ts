/** Made-up events of a shop as files, with a summary of what must become of them. */
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../core/errors.ts';
import { noOutcomes, type OutcomeCounts } from '../../core/outcome.ts';
import { commerceConfig, type CommerceStream } from './config.ts';
import { createCommerceGenerator } from './generator.ts';

export interface GenerateOptions {
  /** Folder that gets `clicks.ndjson`, `orders.ndjson` and `summary.json`. */
  readonly out: string;
  readonly seed: number;
  /** Sessions that begin in a second. */
  readonly rate: number;
  /** When the first event arrives, epoch ms. */
  readonly startMs: number;
  readonly forMs: number;
}

export interface StreamSummary {
  readonly file: string;
  readonly records: number;
  /** What must become of them in a pipeline as pipelines/commerce.yml; they add up to `records`. */
  readonly outcomes: Readonly<OutcomeCounts>;
  /** Of the invalid ones. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface GenerateSummary {
  readonly seed: number;
  readonly rate: number;
  /** ISO 8601 UTC: when events arrive. */
  readonly from: string;
  readonly to: string;
  readonly streams: Readonly<Record<CommerceStream, StreamSummary>>;
}

/** What goes wrong with the events: enough of everything to be counted in a few minutes' worth. */
const FAULTS = { duplicates: 0.02, delayed: 0.02, late: 0.01, future: 0.003, broken: 0.01, v3: 0.01, null_coupons: 0.1 };
const STEP_MS = 10_000;

/** @throws AppError `usage` where the folder cannot be written */
export async function generateCommerce(options: GenerateOptions): Promise<GenerateSummary> {
  const { out, seed, rate, startMs, forMs } = options;
  try {
    mkdirSync(out, { recursive: true });
    const summary: GenerateSummary = {
      seed,
      rate,
      from: new Date(startMs).toISOString(),
      to: new Date(startMs + forMs).toISOString(),
      streams: { clicks: await writeStream('clicks', options), orders: await writeStream('orders', options) },
    };
    writeFileSync(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    return summary;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined || cause instanceof AppError) throw cause;
    throw new AppError('usage', `cannot write to ${out}: ${message}. Name another folder with --out.`, { cause });
  }
}

async function writeStream(stream: CommerceStream, { out, seed, rate, startMs, forMs }: GenerateOptions): Promise<StreamSummary> {
  const generator = createCommerceGenerator(commerceConfig.parse({ stream, seed, rate, ...FAULTS }), { originMs: startMs });
  const outcomes = noOutcomes();
  const reasons: Record<string, number> = {};
  const end = startMs + forMs;
  function* texts(): Generator<string> {
    for (let from = startMs; from < end; from += STEP_MS) {
      for (const { text, expected, reason } of generator.arrivals(from, Math.min(from + STEP_MS, end))) {
        outcomes[expected] += 1;
        if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
        yield `${text}\n`;
      }
    }
  }
  const file = `${stream}.ndjson`;
  await pipeline(Readable.from(texts()), createWriteStream(join(out, file)));
  return { file, records: Object.values(outcomes).reduce((sum, count) => sum + count, 0), outcomes, reasons };
}
