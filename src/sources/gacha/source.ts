/** Draws of a game as a source: its history at once, then live by the clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import type { SourceChunk, SourceDeps, SourceKind } from '../source.ts';
import { gachaConfig, type GachaConfig } from './config.ts';
import { drawsAt, TICK_MS } from './draws.ts';
import { readRates } from './rates-file.ts';

/** Ticks in one chunk of history. */
const CHUNK_TICKS = 60;

interface GachaResume {
  /** When it was first started, and the end of the last tick sent, epoch ms. */
  readonly origin: number;
  readonly until: number;
}

export const gachaSource: SourceKind<typeof gachaConfig> = {
  name: 'gacha',
  description: 'Makes the logs of a game that draws items: attempts and successes per item, and lets items be wrong when told to.',
  config: gachaConfig,
  open: openGacha,
};

/** After a pause it first sends what would have come meanwhile. With `once` it ends at the time of its start. */
async function* openGacha(config: GachaConfig, deps: SourceDeps): AsyncGenerator<SourceChunk> {
  const items = readRates(config.rates, deps.folder);
  const unknown = config.wrong.find(({ item }) => items.every(({ name }) => name !== item));
  if (unknown) {
    const names = items.map(({ name }) => name).join(', ');
    throw new AppError('config_invalid', `from: gacha: wrong: found the item ${JSON.stringify(unknown.item)}; expected one of ${names}`);
  }
  const wholeTick = (time: number): number => Math.floor(time / TICK_MS) * TICK_MS;
  const started = deps.clock.now();
  const resumed = resumeOf(deps.resume);
  const origin = resumed?.origin ?? started;
  for (let until = resumed?.until ?? wholeTick(started - config.history); !deps.signal?.aborted;) {
    const end = wholeTick(deps.once ? started : deps.clock.now());
    const to = Math.min(end, until + CHUNK_TICKS * TICK_MS);
    const lines: string[] = [];
    for (let tick = until + TICK_MS; tick <= to; tick += TICK_MS) lines.push(...drawsAt(tick, origin, items, config));
    if (to > until) {
      until = to;
      if (lines.length > 0) yield { ...chunkOf(lines), resume: { origin, until } satisfies GachaResume };
      continue;
    }
    if (deps.once) return;
    await sleep(until + TICK_MS - deps.clock.now(), undefined, deps.signal ? { signal: deps.signal } : {}).catch(() => {});
  }
}

/** Records one after the other; all ASCII but for the items' names. */
function chunkOf(lines: readonly string[]): Pick<SourceChunk, 'bytes' | 'ends'> {
  const ends = new Uint32Array(lines.length);
  let length = 0;
  lines.forEach((line, index) => {
    length += Buffer.byteLength(line);
    ends[index] = length;
  });
  return { bytes: Buffer.from(lines.join('')), ends };
}

function resumeOf(value: unknown): GachaResume | undefined {
  if (value === undefined) return undefined;
  const { origin, until } = (value ?? {}) as Partial<GachaResume>;
  if (Number.isSafeInteger(origin) && Number.isSafeInteger(until)) return value as GachaResume;
  throw new AppError(
    'data_format',
    "The generator's position in the data directory is not one that this version wrote. Use another data directory (--data DIR).",
  );
}
