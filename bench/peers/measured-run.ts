/** One run of a whole process, measured from outside: CPU seconds, peak memory, time. Linux and macOS. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { afterOurDeath } from '../../scripts/services/watchdog.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Measured {
  /** User and system, of the process and all it started and waited for. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** Largest resident memory of each process, added up. */
  readonly peakBytes: number;
  readonly stdout: string;
}

const POLL_MS = 100;
const TIMEOUT_MS = 600_000;
/** POSIX: `times` tells what the shell's children took, exactly, once they have ended. */
const SCRIPT = '"$@" 3>&-; code=$?; times >&3; exit $code';

/** @throws Error with the end of what it wrote to standard error, where it fails */
export async function measuredRun({ program, args, env = {} }: Command): Promise<Measured> {
  const started = performance.now();
  const child = spawn('sh', ['-c', SCRIPT, 'sh', program, ...args], {
    // A group of its own, so that all of it can be ended.
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const callOff = afterOurDeath('kill -9 -- "-$1" 2>/dev/null', String(child.pid));
  const [stdout, stderr, times] = [1, 2, 3].map((fd) => {
    const parts: Buffer[] = [];
    child.stdio[fd]!.on('data', (part: Buffer) => parts.push(part));
    return () => Buffer.concat(parts).toString();
  }) as [() => string, () => string, () => string];
  const peaks = new Map<number, number>();
  const poll = setInterval(() => notePeaks(child.pid!, peaks), POLL_MS);
  const timeout = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), TIMEOUT_MS);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const seconds = (performance.now() - started) / 1_000;
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code ?? signal}:\n${stderr().slice(-2_000)}`);
    return {
      cpuSeconds: childrenSeconds(times()),
      seconds,
      peakBytes: [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0),
      stdout: stdout(),
    };
  } finally {
    clearInterval(poll);
    clearTimeout(timeout);
    callOff();
  }
}

/** The second line of `times`: user and system of the children, as `0m1.23s 0m0.45s`. */
function childrenSeconds(times: string): number {
  const found = [...(times.trim().split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  if (found.length !== 2) throw new Error(`expected the lines of the shell's "times", found ${JSON.stringify(times)}`);
  return found.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

function notePeaks(shell: number, peaks: Map<number, number>): void {
  for (const [pid, bytes] of existsSync('/proc/self/status') ? fromProc(shell) : fromPs(shell)) {
    peaks.set(pid, Math.max(bytes, peaks.get(pid) ?? 0));
  }
}

function* fromProc(shell: number): Generator<readonly [pid: number, bytes: number]> {
  for (const pid of descendants(shell)) {
    try {
      const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      if (kilobytes !== undefined) yield [pid, Number(kilobytes) * 1024];
    } catch {
      // It has ended meanwhile.
    }
  }
}

function descendants(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

/** Resident now: the peak is the largest of what was seen. */
function fromPs(shell: number): (readonly [pid: number, bytes: number])[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,pgid=,rss='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  return all.filter(([pid, group]) => group === shell && pid !== shell).map(([pid, , kilobytes]) => [pid, kilobytes * 1024] as const);
}
