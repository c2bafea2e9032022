/** The generator as a source: its history at once, then live by the clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import type { SourceChunk, SourceDeps, SourceKind } from '../source.ts';
import { generatorConfig, type GeneratorConfig } from './config.ts';
import { createAdGenerator } from './generator.ts';

/** How often live events are sent, ms. */
const EVERY = 200;
/** A chunk of history has about this many events. */
const CHUNK_EVENTS = 2_000;

interface GeneratorResume {
  /** When it was first started, epoch ms. */
  readonly origin: number;
  /** All events that arrive before this have been sent, epoch ms. */
  readonly until: number;
}

export const generatorSource: SourceKind<typeof generatorConfig> = {
  name: 'generator',
  description: 'Makes ad events: 7 countries, 3 ad formats, impressions, clicks and conversions, and lets segments break when told to.',
  config: generatorConfig,
  open: openGenerator,
};

/** After a pause it first sends what would have come meanwhile, unless that is left out. With `once` it ends at the time of its start. */
export async function* openGenerator(config: GeneratorConfig, deps: SourceDeps): AsyncGenerator<SourceChunk> {
  const started = deps.clock.now();
  const { origin, until } = resumeOf(deps.resume) ?? { origin: started, until: started - config.history };
  const generator = createAdGenerator(config, { originMs: origin });
  const isLeftOut = config.after_pause === 'leave_out' && until >= origin;
  const stepOf = (rate: number): number => Math.max(EVERY, Math.min(60_000, Math.floor((CHUNK_EVENTS * 1_000) / (rate + 1))));
  const thinUntil = origin - config.full_rate_for;
  for (let from = isLeftOut ? Math.max(until, started) : until; !deps.signal?.aborted;) {
    const stepMs = stepOf(from < thinUntil ? (config.history_rate ?? config.rate) : config.rate);
    const to = Math.min(from + stepMs, deps.once ? started : deps.clock.now());
    if (to > from) {
      const records = generator.events(from, to);
      from = to;
      if (records.ends.length > 0) yield { ...records, resume: { origin, until: to } satisfies GeneratorResume };
      continue;
    }
    if (deps.once) return;
    await sleep(EVERY, undefined, deps.signal ? { signal: deps.signal } : {}).catch(() => {});
  }
}

function resumeOf(value: unknown): GeneratorResume | undefined {
  if (value === undefined) return undefined;
  const { origin, until } = (value ?? {}) as Partial<GeneratorResume>;
  if (Number.isSafeInteger(origin) && Number.isSafeInteger(until)) return value as GeneratorResume;
  throw new AppError(
    'data_format',
    "The generator's position in the data directory is not one that this version wrote. Use another data directory (--data DIR).",
  );
}
