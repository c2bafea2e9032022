/** The supervisor with engines that only pretend; the real one is in chdb-store.test.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, it } from 'node:test';
import { queryObjects } from 'node:v8';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { silentLogger } from '../../core/logger.ts';
import { createClickHouseStore } from '../clickhouse/clickhouse-store.ts';
import type { ChildReport } from './child-message.ts';
import { endpointPath } from './endpoint-file.ts';
import { superviseChdb } from './supervisor.ts';
import { temporary } from '../../../test/support/temporary.ts';
import { until } from '../../../test/support/until.ts';

const dir = temporary({ after });

/** An engine that reports and ends. */
const ending = (report: ChildReport) => ({
  pid: 1,
  report: Promise.resolve(report),
  ended: Promise.resolve('exit code 1'),
  kill: () => {},
});

it('says what is missing and how to install it, once, and does not try again', async () => {
  const warnings: string[] = [];
  let starts = 0;
  const engine = superviseChdb(
    { dir, backOffMs: [1, 1] },
    {
      clock: systemClock,
      logger: { info: () => {}, warn: (message) => warnings.push(message) },
      start: () => (starts++, ending({ kind: 'missing', message: "Cannot find package 'chdb'" })),
    },
  );
  await assert.rejects(engine.whenReady, (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'olap_unavailable');
    assert.equal(error.retryable, false);
    assert.match(error.message, /make setup.*All else works without it/);
    return true;
  });
  await engine.stop();
  assert.equal(starts, 1);
  assert.equal(warnings.length, 1);
  const store = createClickHouseStore({}, { endpoint: engine.endpoint });
  await assert.rejects(store.ping(), (error) => error instanceof AppError && error.code === 'olap_unavailable');
  assert.equal(existsSync(endpointPath(dir)), false);
});

it('goes on trying with growing pauses when a start fails', async () => {
  const pauses: string[] = [];
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const engine = superviseChdb(
    { dir, backOffMs: [1, 4] },
    {
      clock: systemClock,
      logger: {
        info: () => {},
        warn: (message) => {
          pauses.push(/Next start in (\d+) ms/.exec(message)?.[1] ?? message);
          if (pauses.length === 4) resolve();
        },
      },
      start: () => ending({ kind: 'locked', message: 'another engine works there' }),
    },
  );
  await assert.rejects(
    engine.whenReady,
    (error) => error instanceof AppError && error.retryable && /another engine works/.test(error.message),
  );
  await enough;
  await engine.stop();
  assert.deepEqual(pauses.slice(0, 4), ['1', '2', '4', '4']);
});

it('survives a data directory that cannot be made', async () => {
  const file = path.join(dir, 'a-file');
  writeFileSync(file, '');
  const engine = superviseChdb({ dir: path.join(file, 'data') }, { clock: systemClock, logger: { info: () => {}, warn: () => {} } });
  await assert.rejects(engine.whenReady, (error) => error instanceof AppError && /ENOTDIR|EEXIST/.test(error.message));
  await engine.stop();
});

it('keeps nothing of the probes of an engine that goes on running', async (t) => {
  let probes = 0;
  const server = createServer((_request, response) => {
    probes++;
    response.end('Ok.\n');
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const engine = superviseChdb(
    { dir, probeEveryMs: 1 },
    {
      clock: systemClock,
      logger: silentLogger,
      start: () => ({ pid: 1, report: Promise.resolve({ kind: 'ready', port }), ended, kill: () => end('signal SIGKILL') }),
    },
  );
  t.after(() => engine.stop());
  await engine.whenReady;
  /** Promises that are still held when there were so many probes. */
  const heldAfter = async (count: number): Promise<number> => {
    await until(() => probes >= count);
    return queryObjects(Promise, { format: 'count' });
  };
  const before = await heldAfter(100);
  const grown = (await heldAfter(500)) - before;
  assert.ok(grown < 200, `${grown} promises more after 400 probes more`);
});

it('starts an engine again that ended in the middle of a pause between probes, and stops in one', async () => {
  const ends: (() => void)[] = [];
  const engine = superviseChdb(
    { dir, probeEveryMs: 600_000, backOffMs: [1, 1] },
    {
      clock: systemClock,
      logger: silentLogger,
      start: () => {
        const { promise: ended, resolve } = Promise.withResolvers<string>();
        const kill = (): void => resolve('signal SIGKILL');
        ends.push(kill);
        return { pid: ends.length, report: Promise.resolve({ kind: 'ready', port: 1 }), ended, kill };
      },
    },
  );
  await engine.whenReady;
  ends[0]!();
  await until(() => engine.pid() === 2 && engine.endpoint() !== undefined);
  const began = performance.now();
  await engine.stop();
  assert.ok(performance.now() - began < 10_000);
});
