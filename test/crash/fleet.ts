/** Worker processes of one pipeline, each told what it plays; whoever is killed is followed by another in its place. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFor, STOPPED_UNNOTED, type Running } from '../e2e/tocsin.ts';
import type { TermEnd } from './told.ts';

export interface Worker {
  readonly id: string;
  /** Its place among the roles of the fleet. */
  readonly place: number;
  readonly roles: string;
  readonly running: Running;
  /** Its wall clock is off by so much from now on. */
  shiftClock(ms: number): void;
}

export interface Fleet {
  /** Who has a place now, once it runs or has had the time for that. */
  at(place: number): Promise<Worker>;
  /** With SIGKILL; another takes the place. */
  kill(worker: Worker): void;
  /** With SIGSTOP, for so long. */
  pause(worker: Worker, ms: number): Promise<void>;
  /** All are asked to stop. */
  stop(): Promise<void>;
  /** What those wrote that ended though nobody had told them to. */
  readonly fallen: readonly string[];
  /** Killed, paused, or replaced by its own word: also where nobody died, on a machine that is too busy for a session. */
  readonly ends: readonly TermEnd[];
  /** What all wrote on standard error, for failures. */
  said(): string;
}

/** In the environment of a worker: its id, for the address of its notifications. */
export const WORKER_VARIABLE = 'TOCSIN_TEST_WORKER';

const SHIFT = import.meta.resolve('./clock-shift.ts');
/** Of a start on a machine that is not too busy; on one that is, some die before they run. */
const START_MS = 2_500;
const RUNS = /running \S+ on kafka/;
const REPLACED = /notify of \S+: .*(another process has taken over|lost its place)/;
const CUT_SHORT = /notify of \S+: ends before/;

/** One worker for each of `roles` (as of --roles; empty: all of them); `args`: of every worker. */
export function createFleet(t: TestContext, dir: string, roles: readonly string[], args: readonly string[]): Fleet {
  const workers = new Map<number, Worker>();
  const pauses = new Map<number, Promise<unknown>>();
  const all: Worker[] = [];
  const fallen: string[] = [];
  const ends: TermEnd[] = [];

  function add(place: number): void {
    const id = String(all.length);
    const clock = path.join(dir, `clock-${id}`);
    const env = {
      [WORKER_VARIABLE]: id,
      TOCSIN_TEST_CLOCK: clock,
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --disable-warning=ExperimentalWarning --import=${SHIFT}`.trim(),
    };
    const played = roles[place] === '' ? [] : ['--roles', roles[place]!];
    const running = startFor(t, ['run', ...args, ...played, '--data', path.join(dir, `worker-${id}`)], { env });
    const shiftClock = (ms: number): void => writeFileSync(clock, String(ms));
    const worker: Worker = { id, place, roles: roles[place] || 'all', running, shiftClock };
    running.child.stderr!.on('data', (part: Buffer) => {
      const at = performance.now();
      if (REPLACED.test(part.toString())) ends.push({ worker: id, why: 'takeover', from: at, to: at });
      // Asked to stop it has 5 s: too few on a machine where everything takes so long.
      if (CUT_SHORT.test(part.toString()) || STOPPED_UNNOTED.test(part.toString()))
        ends.push({ worker: id, why: 'stop', from: at, to: at });
    });
    workers.set(place, worker);
    all.push(worker);
    running.child.once('close', (code, signal) => {
      if (workers.get(place) !== worker) return;
      workers.delete(place);
      fallen.push(`${worker.roles} (worker ${id}) ended by itself with ${code ?? signal}:\n${running.stderr()}`);
    });
  }

  roles.forEach((_, place) => add(place));
  return {
    fallen,
    ends,
    async at(place) {
      await pauses.get(place);
      const found = (): Worker => {
        const worker = workers.get(place);
        if (!worker) throw new Error(fallen.join('\n'));
        return worker;
      };
      for (let waitedMs = 0; waitedMs < START_MS && !RUNS.test(found().running.stderr()); waitedMs += 20) await sleep(20);
      return found();
    },
    kill({ id, place, running }) {
      workers.delete(place);
      const at = performance.now();
      ends.push({ worker: id, why: 'kill', from: at, to: at });
      running.child.kill('SIGKILL');
      add(place);
    },
    pause({ id, place, running }, ms) {
      const from = performance.now();
      running.child.kill('SIGSTOP');
      const wake = async (): Promise<void> => {
        await sleep(ms);
        running.child.kill('SIGCONT');
        ends.push({ worker: id, why: 'pause', from, to: performance.now() });
      };
      const waking = wake();
      pauses.set(place, waking);
      return waking;
    },
    async stop() {
      await Promise.all(pauses.values());
      const running = [...workers.values()];
      workers.clear();
      const ended = await Promise.all(running.map((worker) => worker.running.stop('SIGTERM')));
      for (const [i, { code, signal, stderr }] of ended.entries()) {
        const { id } = running[i]!;
        // One that has only just been started hears no signal yet.
        if (code === 0 || (signal === 'SIGTERM' && stderr === '')) continue;
        fallen.push(`worker ${id} ended with ${code} when asked to:\n${stderr}`);
      }
    },
    said: () => all.map(({ id, roles: played, running }) => `--- ${id} ${played}\n${running.stderr()}`).join('\n'),
  };
}
