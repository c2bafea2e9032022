/**
 * The command line as a user has it: `bin/tocsin` in a process of its own (`start`), for what is killed, paused or long. What is only asked and
 * answers runs in the process of the test (`tocsin`, `output`, `objects`).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { begin, type Called, type Ended } from '../support/in-process.ts';
import { slowness } from '../support/slowness.ts';

export const ROOT = path.resolve(import.meta.dirname, '../..');
const BIN = path.join(ROOT, 'bin/tocsin');
/** Arguments name files from there. */
process.chdir(ROOT);

/** Said on standard error by who is asked to stop and has no time left to note what it did. */
export const STOPPED_UNNOTED = /the connection is closed\. Stopped all the same; what is not noted is done again at the next start\.$/m;

export interface Running {
  readonly child: ChildProcess;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Ends the process; resolves when it is gone. */
  stop(signal: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  /** Bytes for standard input; `open`: it stays open, and is the caller's to write to and end. Default: none. */
  readonly input?: Uint8Array | 'open';
  /** Another user, as root may choose one. */
  readonly uid?: number;
  /** Another file to run instead of `bin/tocsin`. */
  readonly bin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function start(args: readonly string[], { input, uid, bin = BIN, env = {} }: StartOptions = {}): Running {
  const child = spawn(bin, withoutServer(args), {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout!.on('data', (part: Buffer) => out.push(part));
  child.stderr!.on('data', (part: Buffer) => err.push(part));
  // It may end before it has read everything.
  child.stdin?.on('error', () => {});
  if (input !== undefined && input !== 'open') child.stdin!.end(input);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
  return {
    child,
    ended,
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => Buffer.concat(err).toString(),
    stop(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** A live run serves HTTP on a port that others may have taken: here only where a test says so. */
function withoutServer(args: readonly string[]): readonly string[] {
  const isServing = args[0] === 'run' && !args.includes('--once') && !args.includes('--listen');
  return isServing ? [...args, '--listen', 'none'] : args;
}

/** Runs a command to its end; in a process of its own where that is to be another user's, another file's, or of another environment. */
export function tocsin(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  const { input, ...ofProcess } = options;
  if (input === 'open' || Object.keys(ofProcess).length > 0) return start(args, options).ended;
  return begin(withoutServer(args), input).ended;
}

/** Runs a command that must succeed; its standard output. */
export async function output(args: readonly string[], options?: StartOptions): Promise<string> {
  const { code, signal, stdout, stderr } = await tocsin(args, options);
  if (code !== 0) throw new Error(`tocsin ${args.join(' ')} ended with ${code ?? signal}:\n${stderr}`);
  return stdout;
}

/** The objects of NDJSON that a command which must succeed has printed. */
export async function objects<T = Record<string, unknown>>(args: readonly string[]): Promise<T[]> {
  return ndjson<T>(await output(args));
}

export function ndjson<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/**
 * Asks until there is something (not undefined, not false); fails with what it waited for after `timeoutMs`, on a busy machine later. What
 * takes its time to be asked, as a command does, is asked less often: who is waited for needs the processor more.
 */
export async function until<T>(what: string, ask: () => T | Promise<T>, timeoutMs = 60_000): Promise<Exclude<T, undefined | false>> {
  const from = performance.now();
  while (performance.now() - from < timeoutMs * slowness()) {
    const askedAt = performance.now();
    const found = await ask();
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    await sleep(Math.max(20, performance.now() - askedAt));
  }
  throw new Error(`waited ${Math.round((performance.now() - from) / 1_000)} s for ${what}`);
}

/** In the process of the test, which it does not outlive: for who is neither killed nor paused, and need not be alone. */
export function beginFor(t: TestContext, args: readonly string[]): Called {
  const called = begin(withoutServer(args));
  t.after(() => called.interrupt());
  return called;
}

/** A process that does not outlive the test. */
export function startFor(t: TestContext, args: readonly string[], options?: StartOptions): Running {
  const running = start(args, options);
  t.after(() => running.stop('SIGKILL'));
  return running;
}

/** A file system of `size` (`6m`) that goes with the test; undefined where none can be mounted. */
export function smallDisk(t: TestContext, size: string): string | undefined {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-e2e-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tocsin-test', dir]).status === 0;
  t.after(() => {
    if (mounted) spawnSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true, force: true });
  });
  return mounted ? dir : undefined;
}

/** The seed of this test run: `TOCSIN_SEED`, else a new one; printed, so that a failure can be had again. */
export function printedSeed(t: Pick<TestContext, 'diagnostic'>): number {
  const seed = Number(process.env['TOCSIN_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`TOCSIN_SEED=${seed}`);
  return seed;
}
