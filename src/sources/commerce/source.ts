/** The shop as a source: its events as time goes by. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import type { SourceChunk, SourceDeps, SourceKind } from '../source.ts';
import { commerceConfig, type CommerceConfig } from './config.ts';
import { createCommerceGenerator, type Arrival } from './generator.ts';

/** How often events are sent, ms. */
const EVERY = 200;
/** A chunk of what is due after a pause is of so long a time, ms. */
const STEP_MAX = 10_000;

interface CommerceResume {
  /** When it was first started, epoch ms. */
  readonly origin: number;
  /** All events that arrive before this have been sent, epoch ms. */
  readonly until: number;
}

export const commerceSource: SourceKind<typeof commerceConfig> = {
  name: 'commerce',
  description:
    'Makes the clicks or the orders of a shop: sessions, carts, orders, refunds; events of two versions, and what goes wrong with them.',
  config: commerceConfig,
  open: openCommerce,
};

/** After a pause it first sends what would have come meanwhile. With `once` it ends at the time of its start. */
export async function* openCommerce(config: CommerceConfig, deps: SourceDeps): AsyncGenerator<SourceChunk> {
  const started = deps.clock.now();
  // On the whole second: what two sources of one shop tell of the same visitors then begins at the same time.
  const first = Math.floor(started / 1_000) * 1_000;
  const { origin, until } = resumeOf(deps.resume) ?? { origin: first, until: started };
  const generator = createCommerceGenerator(config, { originMs: origin });
  for (let from = until; !deps.signal?.aborted;) {
    const to = Math.min(from + STEP_MAX, deps.once ? started : deps.clock.now());
    if (to > from) {
      const records = recordsOf(generator.arrivals(from, to));
      from = to;
      if (records.ends.length > 0) yield { ...records, resume: { origin, until: to } satisfies CommerceResume };
      continue;
    }
    if (deps.once) return;
    await sleep(EVERY, undefined, deps.signal ? { signal: deps.signal } : {}).catch(() => {});
  }
}

/** All ASCII: characters are bytes. */
function recordsOf(arrivals: readonly Arrival[]): Pick<SourceChunk, 'bytes' | 'ends'> {
  const ends = new Uint32Array(arrivals.length);
  arrivals.reduce((end, { text }, i) => (ends[i] = end + text.length), 0);
  return { bytes: new Uint8Array(Buffer.from(arrivals.map(({ text }) => text).join(''), 'latin1')), ends };
}

function resumeOf(value: unknown): CommerceResume | undefined {
  if (value === undefined) return undefined;
  const { origin, until } = (value ?? {}) as Partial<CommerceResume>;
  if (Number.isSafeInteger(origin) && Number.isSafeInteger(until)) return value as CommerceResume;
  throw new AppError(
    'data_format',
    "The generator's position in the data directory is not one that this version wrote. Use another data directory (--data DIR).",
  );
}
