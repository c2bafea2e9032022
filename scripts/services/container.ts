/** A service as a container, where Docker works. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { untilReady, type Service } from './service.ts';
import { afterOurDeath } from './watchdog.ts';

const run = promisify(execFile);

export interface ContainerSpec {
  readonly name: string;
  readonly address: string;
  readonly image: string;
  /** Options of `docker run`: ports, folders, environment. */
  readonly options: readonly string[];
  readonly command: readonly string[];
  readonly ready: () => Promise<boolean>;
}

/** Whether a Docker daemon answers. */
export async function dockerWorks(): Promise<boolean> {
  try {
    const { stdout } = await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5_000 });
    return stdout.trim() !== '';
  } catch {
    return false;
  }
}

export async function startContainer(spec: ContainerSpec): Promise<Service> {
  const { stdout } = await run('docker', ['run', '--detach', ...spec.options, spec.image, ...spec.command]);
  const id = stdout.trim();
  const callOff = afterOurDeath('docker rm --force --volumes "$1" >/dev/null 2>&1', id);
  // No promise that it is gone: the time-out of `untilReady` tells of a container that ended.
  const ready = (): Promise<void> => untilReady(spec.name, spec.ready, new Promise<never>(() => {}));
  const remove = async (): Promise<void> => {
    await run('docker', ['rm', '--force', '--volumes', id]);
    callOff();
  };
  try {
    await ready();
  } catch (error) {
    const { stdout: out, stderr } = await run('docker', ['logs', '--tail', '8', id]);
    await remove();
    throw new Error(`${String(error)}:\n${out}${stderr}`, { cause: error });
  }
  return {
    address: spec.address,
    pid: () => undefined,
    kill: async () => void (await run('docker', ['kill', id])),
    restart: async () => {
      await run('docker', ['restart', '--time', '10', id]);
      await ready();
    },
    stop: remove,
  };
}
