/** What goes wrong in a crash test: a plan made of a seed, and how each fault is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/core/random.ts';
import type { Fleet, Worker } from './fleet.ts';
import type { CrashServices } from './services.ts';

export type FaultKind = 'kill' | 'zombie' | 'clock' | 'broker' | 'redis' | 'olap' | 'cut';

export interface Fault {
  readonly kind: FaultKind;
  /** `kill 3 (aggregate)`. */
  readonly said: string;
  /** Monotonic, ms. */
  readonly from: number;
  readonly to: number;
}

/** As many of each as are said, in an order of the seed's. */
export function planFaults(counts: Readonly<Record<FaultKind, number>>, random: Random): FaultKind[] {
  const plan = Object.entries(counts).flatMap(([kind, count]) => Array<FaultKind>(count).fill(kind as FaultKind));
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
}

const HOUR_MS = 3_600_000;

export async function commit(kind: FaultKind, { fleet, services, sessionMs, random }: FaultPlace): Promise<Fault> {
  const workers = [...fleet.workers.values()];
  const victim = workers[random.below(workers.length)]!;
  const name = (worker: Worker): string => `${worker.id} (${worker.roles})`;
  const from = performance.now();
  const done = (said: string): Fault => ({ kind, said, from, to: performance.now() });
  switch (kind) {
    case 'kill':
      await fleet.take(victim, 'SIGKILL');
      fleet.add(victim.roles);
      return done(`kill ${name(victim)}`);
    case 'zombie':
      // Past its session: another has taken over when it wakes.
      victim.running.child.kill('SIGSTOP');
      await sleep(sessionMs * 1.7);
      victim.running.child.kill('SIGCONT');
      return done(`zombie ${name(victim)}`);
    case 'clock': {
      const hours = (1 + random.below(3)) * (random.below(2) === 0 ? 1 : -1);
      victim.shiftClock(hours * HOUR_MS);
      return done(`clock ${hours} h of ${name(victim)}`);
    }
    case 'cut': {
      const which = (['kafka', 'redis', 'olap'] as const)[random.below(3)]!;
      services[which].proxy.cutSome(random);
      return done(`cut ${which}`);
    }
    default: {
      const { service } = services[kind === 'broker' ? 'kafka' : kind];
      await service.kill();
      await sleep(random.below(1_500));
      await service.restart();
      return done(kind);
    }
  }
}
