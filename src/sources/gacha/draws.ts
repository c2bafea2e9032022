/** What game servers would log of their draws: every 10 seconds, per server and item, attempts and successes. */
import { createRandom, type Random } from '../../core/random.ts';
import type { GachaConfig } from './config.ts';

export const TICK_MS = 10_000;

/** `rate`: designed. */
export interface Item {
  readonly name: string;
  readonly rate: number;
}

/** One JSON line a server and item that counted draws in the tick that ends at `atMs`. A function of its arguments alone. */
export function drawsAt(atMs: number, originMs: number, items: readonly Item[], config: Omit<GachaConfig, 'rates' | 'history'>): string[] {
  const perServer = (config.draws_per_minute * TICK_MS) / 60_000 / config.servers;
  const time = new Date(atMs).toISOString();
  const lines: string[] = [];
  items.forEach(({ name, rate }, index) => {
    const wrong = config.wrong.findLast(({ item, after }) => item === name && atMs - TICK_MS >= originMs + after);
    const real = Math.min(1, rate * (wrong?.factor ?? 1));
    for (let server = 1; server <= config.servers; server++) {
      const random = createRandom(config.seed, atMs, index, server);
      const attempts = random.poisson(perServer);
      if (attempts === 0) continue;
      const successes = binomial(random, attempts, real);
      const id = `${server}-${atMs / TICK_MS}-${name}`;
      lines.push(JSON.stringify({ batch_id: id, time, server: `game-${server}`, item: name, attempts, successes }));
    }
  });
  return lines;
}

/** One by one: as many draws as a game makes are few. */
function binomial(random: Random, n: number, p: number): number {
  let count = 0;
  for (let draw = 0; draw < n; draw++) if (random.unit() < p) count++;
  return count;
}
