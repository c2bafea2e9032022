/** The generator of requests in a process of its own: its garbage and its compiled code are nobody else's. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openLoop, quantile, type OpenLoop } from './open-loop.ts';

/** Times in ms. */
export interface Loaded {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Without what the generator was late. */
  readonly fromSentP99: number;
  readonly lateP99: number;
  readonly failed: number;
}

export interface GeneratorProcess {
  readonly child: ChildProcess;
  /** One at a time. */
  load(ask: OpenLoop): Promise<Loaded>;
}

/** It collects nothing within a run, and no thread of its own takes a core away. */
const FLAGS = ['--min-semi-space-size=64', '--max-semi-space-size=64', '--single-threaded'];

if (import.meta.main) process.on('message', (ask: OpenLoop) => void load(ask).then((loaded) => process.send!(loaded)));

export function startGenerator(): GeneratorProcess {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: FLAGS });
  return {
    child,
    async load(ask) {
      child.send(ask);
      return ((await once(child, 'message')) as [Loaded])[0];
    },
  };
}

/** What the main thread of a process has waited for a core so far, ms; not known but on Linux. */
export function waitedMs({ pid }: Pick<ChildProcess, 'pid'>): number {
  if (process.platform !== 'linux') return NaN;
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

async function load(ask: OpenLoop): Promise<Loaded> {
  const { dueAt, reachedAt, doneAt, failed } = await openLoop(ask);
  return {
    p50: quantile(doneAt, dueAt, 0.5),
    p99: quantile(doneAt, dueAt, 0.99),
    p999: quantile(doneAt, dueAt, 0.999),
    fromSentP99: quantile(doneAt, reachedAt, 0.99),
    lateP99: quantile(reachedAt, dueAt, 0.99),
    failed,
  };
}
