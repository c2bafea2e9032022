/** A service as a process of this machine. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { untilReady, type Service } from './service.ts';
import { spawnGuarded } from './watchdog.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly address: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Holds what it prints, in `NAME.log`. */
  readonly dir: string;
  /** The folder goes when the service is stopped. */
  readonly ownsDir: boolean;
  readonly ready: () => Promise<boolean>;
}

/** Resolves when it is ready. @throws Error with the end of what it printed, when it ended before */
export async function startProcess(spec: ProcessSpec): Promise<Service> {
  let running: { child: ChildProcess; ended: Promise<unknown>; callOff: () => void } | undefined;

  async function start(): Promise<void> {
    const output = openSync(path.join(spec.dir, `${spec.name}.log`), 'a');
    // Its own group: Ctrl-C in a terminal is for whoever started it, who stops it then.
    const removes = spec.ownsDir ? spec.dir : '';
    const { child, callOff } = spawnGuarded(spec.command, spec.args, { cwd: spec.dir, detached: true, output, removes });
    closeSync(output);
    child.unref();
    const ended = Promise.race([once(child, 'exit'), once(child, 'error')]);
    running = { child, ended, callOff };
    const gone = ended.then((): never => {
      throw new Error(`${spec.name} ended at its start:\n${lastLines(spec)}`);
    });
    gone.catch(() => {});
    try {
      await untilReady(spec.name, spec.ready, gone);
    } catch (error) {
      await end('SIGKILL');
      throw error;
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!running) return;
    const { child, ended, callOff } = running;
    running = undefined;
    child.ref();
    child.kill(signal);
    // A paused process hears no SIGTERM; and none may hold up the run.
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) await ended;
    clearTimeout(late);
    callOff();
  }

  const remove = (): void => {
    if (spec.ownsDir) rmSync(spec.dir, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    remove();
    throw error;
  }
  return {
    address: spec.address,
    pid: () => running?.child.pid,
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      await start();
    },
    stop: async () => {
      await end('SIGKILL');
      remove();
    },
  };
}

function lastLines({ dir, name }: ProcessSpec): string {
  return readFileSync(path.join(dir, `${name}.log`), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(-8)
    .join('\n');
}
