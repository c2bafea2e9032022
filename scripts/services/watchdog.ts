/** Nothing outlives the run: what was started dies with this process, also when that is killed with SIGKILL. */
import { spawn } from 'node:child_process';

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

export const KILL_AND_REMOVE = 'kill -9 "$1" 2>/dev/null; [ -z "$2" ] || { sleep 0.2; rm -rf "$2"; }';
