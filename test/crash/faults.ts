/** What goes wrong in a crash test: a plan made of a seed, and how each fault is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/core/random.ts';
import type { Fleet } from './fleet.ts';
import type { CrashServices } from './services.ts';
import type { Outage } from './told.ts';

export type FaultKind = 'kill' | 'zombie' | 'clock' | 'broker' | 'redis' | 'olap' | 'cut';

export interface Fault {
  readonly kind: FaultKind;
  /** Of `kill`, `zombie` and `clock`: whose turn it is in the fleet. */
  readonly place: number;
  readonly cut: keyof CrashServices;
  /** Before it, ms. */
  readonly pauseMs: number;
  /** Of `zombie` in sessions; of `clock` in hours; of a service that dies the ms until it is started again. */
  readonly amount: number;
}

const CUTS = ['kafka', 'redis', 'olap'] as const;
const HOUR_MS = 3_600_000;

/** As many of each as are said, spread evenly over the places of the fleet and the services, in an order of the seed's. */
export function planFaults(counts: Readonly<Record<FaultKind, number>>, places: number, pauseMs: number, random: Random): Fault[] {
  const amounts: Readonly<Record<FaultKind, () => number>> = {
    kill: () => 0,
    cut: () => 0,
    zombie: () => 1.3 + random.below(8) / 10,
    // Also further ahead than a broker lets a producer's own times be (message.timestamp.after.max.ms).
    clock: () => (random.below(2) === 0 ? 2 + random.below(3) : -1 - random.below(3)),
    broker: () => random.below(1_500),
    redis: () => random.below(1_500),
    olap: () => random.below(1_500),
  };
  const first = random.below(places);
  const plan = (Object.keys(counts) as FaultKind[]).flatMap((kind) =>
    Array.from({ length: counts[kind] }, (_, i): Fault => {
      const place = (first + i) % places;
      return { kind, place, cut: CUTS[i % CUTS.length]!, pauseMs: random.below(pauseMs), amount: amounts[kind]() };
    }),
  );
  for (let i = plan.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [plan[i], plan[j]] = [plan[j]!, plan[i]!];
  }
  return plan;
}

export interface FaultPlace {
  readonly fleet: Fleet;
  readonly services: CrashServices;
  readonly sessionMs: number;
  readonly random: Random;
  /** Of the broker: takes what is noted here. */
  readonly outages: Outage[];
}

/** The broker is up before clients have found it again. */
const FOUND_AGAIN_MS = 2_000;

/** Resolves to what was done: `kill 3 (aggregate)`. A zombie wakes by itself. */
export async function commit(fault: Fault, { fleet, services, sessionMs, random, outages }: FaultPlace): Promise<string> {
  const { kind, place, cut, amount } = fault;
  await sleep(fault.pauseMs);
  if (kind === 'cut') {
    services[cut].proxy.cutSome(random);
    return `cut ${cut}`;
  }
  if (kind === 'kill' || kind === 'zombie' || kind === 'clock') {
    const victim = await fleet.at(place);
    const who = `${victim.id} (${victim.roles})`;
    if (kind === 'clock') {
      victim.shiftClock(amount * HOUR_MS);
      return `clock ${amount} h of ${who}`;
    }
    if (kind === 'kill') fleet.kill(victim);
    // Past its session: another has taken over when it wakes.
    else void fleet.pause(victim, sessionMs * amount);
    return `${kind} ${who}`;
  }
  const { service } = services[kind === 'broker' ? 'kafka' : kind];
  const from = performance.now();
  await service.kill();
  await sleep(amount);
  await service.restart();
  if (kind === 'broker') outages.push({ from, to: performance.now() + FOUND_AGAIN_MS });
  return kind;
}
