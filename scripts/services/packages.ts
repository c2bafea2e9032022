/** Programs of the system: those that are there, and Debian's packages where they may be installed. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
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

/** @throws ServiceMissing where neither root nor apt-get is there, or the installation failed */
export async function installPackages(names: readonly string[]): Promise<void> {
  const wanted = names.join(' ');
  if (process.getuid?.() !== 0 || programPath('apt-get') === undefined) {
    throw new ServiceMissing(
      `expected ${wanted} on this machine: install it with your package manager (Debian: apt-get install ${wanted})`,
    );
  }
  console.error(`services: installing ${wanted}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Another installation may be under way: wait for its lock.
  const apt = (...args: string[]) =>
    promisify(execFile)('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, maxBuffer: 1 << 26 });
  try {
    await apt('update');
    await apt('install', '-y', '--no-install-recommends', ...names);
  } catch (error) {
    throw new ServiceMissing(`apt-get could not install ${wanted}: ${String(error).slice(0, 2_000)}`, { cause: error });
  }
}
