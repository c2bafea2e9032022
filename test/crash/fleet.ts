/** Worker processes of one pipeline, each told what it plays; whoever is killed is followed by another of the same roles. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startFor, type Running } from '../e2e/tocsin.ts';

export interface Worker {
  readonly id: number;
  readonly roles: string;
  readonly running: Running;
  /** Its wall clock is off by so much from now on. */
  shiftClock(ms: number): void;
}

export interface Fleet {
  readonly workers: ReadonlyMap<number, Worker>;
  add(roles: string): Worker;
  /** Nothing is put in its place. */
  take(worker: Worker, signal: NodeJS.Signals): Promise<void>;
  /** What those wrote that ended though nobody had told them to. */
  readonly fallen: readonly string[];
  /** When one said that another had taken its place, monotonic ms: also where nobody died, on a machine that is too busy for a session. */
  readonly takeovers: readonly number[];
  /** What all wrote on standard error, for failures. */
  said(): string;
}

const SHIFT = import.meta.resolve('./clock-shift.ts');

/** `args`: of every worker. */
export function createFleet(t: TestContext, dir: string, args: readonly string[]): Fleet {
  const workers = new Map<number, Worker>();
  const all: Worker[] = [];
  const fallen: string[] = [];
  const takeovers: number[] = [];
  return {
    workers,
    fallen,
    takeovers,
    add(roles) {
      const id = all.length;
      const clock = path.join(dir, `clock-${id}`);
      const env = {
        TOCSIN_TEST_CLOCK: clock,
        NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --disable-warning=ExperimentalWarning --import=${SHIFT}`.trim(),
      };
      const running = startFor(t, ['run', ...args, '--roles', roles, '--data', path.join(dir, `worker-${id}`)], { env });
      const worker: Worker = { id, roles, running, shiftClock: (ms) => writeFileSync(clock, String(ms)) };
      running.child.stderr!.on('data', (part: Buffer) => {
        if (part.includes('another process has taken over')) takeovers.push(performance.now());
      });
      workers.set(id, worker);
      all.push(worker);
      running.child.once('close', (code, signal) => {
        if (workers.get(id) !== worker) return;
        workers.delete(id);
        fallen.push(`${roles} (worker ${id}) ended by itself with ${code ?? signal}:\n${running.stderr()}`);
      });
      return worker;
    },
    async take({ id, running }, signal) {
      workers.delete(id);
      const { code, stderr } = await running.stop(signal);
      if (signal === 'SIGTERM' && code !== 0) fallen.push(`worker ${id} ended with ${code} when it was asked to:\n${stderr}`);
    },
    said: () => all.map(({ id, roles, running }) => `--- ${id} ${roles}\n${running.stderr()}`).join('\n'),
  };
}
