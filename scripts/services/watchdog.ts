/** Nothing outlives the run: what was started dies with this process, also when that is killed with SIGKILL. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';

/**
 * A shell of its own session that waits for the end of a pipe from this process, and then runs `command` (an sh script; `args`
 * are its $1 …). The function returned calls it off.
 */
export function afterOurDeath(command: string, ...args: readonly string[]): () => void {
  const shell = spawn('sh', ['-c', `read -r _; ${command}`, 'watchdog', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  return () => {
    // Before its pipe is closed, so it never comes to the command.
    shell.kill('SIGKILL');
  };
}

/** A program that dies with this process; `removes`: a folder that goes with it then. Its id is that of the child. */
export function spawnGuarded(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; detached?: boolean; output: 'inherit' | number; removes?: string },
): { child: ChildProcess; callOff: () => void } {
  const { output, removes = '', ...rest } = options;
  // It begins when the watchdog is there, or never.
  const child = spawn('sh', ['-c', 'read -r _ <&3 || exit 1; exec "$0" "$@" 3<&-', program, ...args], {
    ...rest,
    stdio: [output === 'inherit' ? 'inherit' : 'ignore', output, output, 'pipe'],
  });
  child.on('error', () => {});
  const callOff = afterOurDeath('kill -9 "$1" 2>/dev/null; [ -z "$2" ] || { sleep 0.2; rm -rf "$2"; }', String(child.pid), removes);
  const begin = child.stdio[3] as Writable;
  begin.on('error', () => {});
  begin.end('\n');
  return { child, callOff };
}
