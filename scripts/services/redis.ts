/** A Redis of one's own: in memory, on a free port of loopback. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dockerWorks, startContainer } from './container.ts';
import { installPackages, programPath } from './packages.ts';
import { accepts, freePort } from './port.ts';
import { startProcess } from './process.ts';
import { ServiceMissing, type Service } from './service.ts';

export interface RedisOptions {
  /** For what it prints; a temporary folder unless told. */
  readonly dir?: string;
  readonly port?: number;
  /** Further arguments of redis-server: `['--requirepass', 'secret', '--maxmemory', '2mb']`. */
  readonly args?: readonly string[];
  /** The port speaks TLS with these files (PEM), which must lie in `dir`. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

const MISSING = 'no redis-server on PATH, and no Docker';

/** Nothing is saved: a Redis that was killed comes back empty. @throws ServiceMissing where there is no Redis */
export async function startRedis(options: RedisOptions = {}): Promise<Service> {
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? mkdtempSync(path.join(tmpdir(), 'tocsin-redis-'));
  const { tls } = options;
  const tlsArgs = tls && [
    '--tls-port',
    String(port),
    '--tls-cert-file',
    tls.certificate,
    '--tls-key-file',
    tls.key,
    '--tls-auth-clients',
    'no',
  ];
  const args = [...(tlsArgs ?? []), '--port', tls ? '0' : String(port), '--save', '', '--appendonly', 'no', ...(options.args ?? [])];
  const common = { name: 'redis', address: `127.0.0.1:${port}`, ready: () => accepts(port) };
  if (await dockerWorks()) {
    const published = ['--publish', `127.0.0.1:${port}:${port}`, '--volume', `${dir}:${dir}`, '--user', 'root'];
    return startContainer({ ...common, image: 'redis:7', options: published, command: ['redis-server', ...args] });
  }
  const command = programPath('redis-server');
  if (command === undefined) throw new ServiceMissing(MISSING);
  return startProcess({ ...common, command, args: [...args, '--bind', '127.0.0.1'], dir, ownsDir: options.dir === undefined });
}

/** Why `startRedis` cannot work here; undefined where it can. */
export async function redisMissing(): Promise<string | undefined> {
  return programPath('redis-server') !== undefined || (await dockerWorks()) ? undefined : MISSING;
}

/** Makes `startRedis` work on this machine, if that is possible. */
export async function provideRedis(): Promise<void> {
  if ((await redisMissing()) !== undefined) await installPackages(['redis-server']);
}
