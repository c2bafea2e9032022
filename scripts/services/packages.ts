/** Programs of the system: those that are there, and Debian's packages where they may be installed. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ServiceMissing } from './service.ts';

/** The path of a program on PATH. */
export function programPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** How long another program's installation is waited for. */
const PATIENCE_MS = 300_000;
const LOCK_POLL_MS = 1_000;
let before: Promise<unknown> = Promise.resolve();

/** After what this process installs already. @throws ServiceMissing where neither root nor apt-get is there, or the installation failed */
export async function installPackages(names: readonly string[]): Promise<void> {
  const installation = before.then(() => install(names));
  before = installation.catch(() => {});
  return installation;
}

async function install(names: readonly string[]): Promise<void> {
  const wanted = names.join(' ');
  if (process.getuid?.() !== 0 || programPath('apt-get') === undefined) {
    throw new ServiceMissing(
      `expected ${wanted} on this machine: install it with your package manager (Debian: apt-get install ${wanted})`,
    );
  }
  console.error(`services: installing ${wanted}`);
  try {
    await apt('update');
    await apt('install', '-y', '--no-install-recommends', ...names);
  } catch (error) {
    throw new ServiceMissing(`apt-get could not install ${wanted}: ${String(error).slice(0, 2_000)}`, { cause: error });
  }
}

/** Another installation may be under way: apt-get waits for dpkg's lock by itself, for that of its lists and archives it does not. */
async function apt(...args: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await promisify(execFile)('apt-get', ['-q', '-o', `DPkg::Lock::Timeout=${PATIENCE_MS / 1_000}`, ...args], {
        env,
        maxBuffer: 1 << 26,
      });
      return;
    } catch (error) {
      if (!String(error).includes('Could not get lock') || Date.now() > until) throw error;
      await setTimeout(LOCK_POLL_MS);
    }
  }
}
