/** A ClickHouse of one's own: a server where Docker works, else the product's chDB child (ClickHouse as a library) on a port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { superviseChdb } from '../../src/olap-store/chdb/supervisor.ts';
import { dockerWorks, startContainer } from './container.ts';
import { freePort } from './port.ts';
import { ServiceMissing, type Service } from './service.ts';

const [USER, PASSWORD] = ['tocsin', 'tests-only'];

/** @throws ServiceMissing where there is neither */
export async function startClickHouse(): Promise<Service> {
  return (await dockerWorks()) ? startServer() : startChdb();
}

async function startServer(): Promise<Service> {
  const port = await freePort();
  const account = [
    '--env',
    `CLICKHOUSE_USER=${USER}`,
    '--env',
    `CLICKHOUSE_PASSWORD=${PASSWORD}`,
    '--env',
    'CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT=1',
  ];
  return startContainer({
    name: 'clickhouse',
    address: `http://${USER}:${PASSWORD}@127.0.0.1:${port}`,
    image: 'clickhouse/clickhouse-server',
    options: ['--publish', `127.0.0.1:${port}:8123`, '--ulimit', 'nofile=262144:262144', ...account],
    command: [],
    ready: () =>
      fetch(`http://127.0.0.1:${port}/ping`).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
}

async function startChdb(): Promise<Service> {
  console.error('services: ClickHouse is the chDB child here (ClickHouse as a library, behind its HTTP protocol), not a server');
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-chdb-'));
  const engine = superviseChdb({ dir, backOffMs: [100, 100] }, { clock: systemClock, logger: silentLogger });
  const stop = async (): Promise<void> => {
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await engine.whenReady;
  } catch (error) {
    await stop();
    throw error instanceof AppError ? new ServiceMissing(error.message, { cause: error }) : error;
  }
  const { url, username, password } = engine.endpoint()!;
  const address = new URL(url);
  Object.assign(address, { username, password });
  const untilUp = async (before: number | undefined): Promise<void> => {
    while (!engine.endpoint() || engine.pid() === before) await new Promise((resolve) => setTimeout(resolve, 25));
  };
  const kill = async (): Promise<void> => {
    const pid = engine.pid();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };
  return {
    address: address.href.replace(/\/$/, ''),
    pid: () => engine.pid(),
    // The supervisor starts it again by itself, on the same port.
    kill,
    restart: async () => {
      const before = engine.pid();
      await kill();
      await untilUp(before);
    },
    stop,
  };
}
