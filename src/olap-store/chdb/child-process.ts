/** One run of the engine's process, from its start to its end. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ChildOrder, ChildReport } from './child-message.ts';

export interface EngineProcess {
  readonly pid: number;
  /** What it said when it had started, or why it did not. */
  readonly report: Promise<ChildReport>;
  /** Resolves when it is gone, with how it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
  kill(): void;
}

/** Enough threads for a query on each connection and the file reads beside them. */
const THREADS = '8';
const STDERR_KEPT_CHARS = 2_000;
const STDOUT_SHOWN_CHARS = 200;
const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/** What a native library and Node may look at; passwords of other systems, and options for the parent alone, stay with the parent. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'NODE_COMPILE_CACHE'];

function childEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])));
}

/** `program`: what runs as the engine. */
export function startEngineProcess(order: ChildOrder, program = CHILD): EngineProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...childEnvironment(process.env), UV_THREADPOOL_SIZE: THREADS },
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-STDERR_KEPT_CHARS)));
  // A child that died before it read its order closes the pipe; its end is told below.
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const unreported = (how: string): ChildReport => {
    const said = complaints.trim().split('\n')[0] ?? '';
    return { kind: 'failed', message: `it ended with ${how}${said && `: ${said}`}` };
  };
  const reported = new Promise<ChildReport>((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(reportOf(line)));
  });
  const report = Promise.race([reported, ended.then(unreported)]);
  return { pid: child.pid ?? 0, report, ended, kill: () => void child.kill('SIGKILL') };
}

/** A native library may print there too. */
function reportOf(line: string): ChildReport {
  try {
    const report = JSON.parse(line) as ChildReport | null;
    if (report?.kind !== undefined) return report;
  } catch {
    // Told below.
  }
  return { kind: 'failed', message: `it said ${JSON.stringify(line.slice(0, STDOUT_SHOWN_CHARS))} where its report was expected` };
}
