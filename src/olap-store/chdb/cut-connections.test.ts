/**
 * The OLAP store under a writer: killed, and its connections cut in the middle of an insert or of its answer, as a seed says
 * (TOCSIN_SEED has it again). Nothing is lost, and nothing counts twice.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { collect, windowRow } from '../../../test/contract/olap-store.ts';
import { printedSeed } from '../../../test/e2e/tocsin.ts';
import { withTempLog } from '../../../test/property/temp-log.ts';
import { sleep, systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { createRandom, type Random } from '../../core/random.ts';
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import { packRecords } from '../../log/batch.ts';
import { createOlapWriter } from '../../pipeline/olap-writer.ts';
import { topicsOf } from '../../pipeline/topics.ts';
import { rowVersion } from '../../windows/row-version.ts';
import type { WindowRow } from '../../windows/row.ts';
import { createClickHouseStore } from '../clickhouse/clickhouse-store.ts';
import { superviseChdb } from './supervisor.ts';
import { chdbMissing } from '../../../test/support/chdb.ts';

const ROUNDS = 12;
const ROUNDS_MAX = 150;
const CUTS = 3;
const ROWS_PER_ROUND = 120;

/** Undefined while the engine is just being started again. */
function kill(pid: number | undefined): void {
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

/**
 * Stands between client and engine; in some requests it cuts both ends after so many bytes of what was sent, or of the answer.
 * Lots are drawn for each request, as a connection that is never cut is kept, and would carry all of them.
 */
async function cuttingProxy(t: TestContext, random: Random, target: () => number | undefined) {
  const cuts = { request: 0, answer: 0 };
  let requests = 0;
  let isCutting = false;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const port = target();
    if (port === undefined) return client.destroy();
    const upstream = connect(port, '127.0.0.1');
    let last: 'request' | 'answer' = 'answer';
    let fate: 'request' | 'answer' | undefined;
    let left = 0;
    const draw = (): void => {
      fate = isCutting ? (['request', 'answer', undefined, undefined] as const)[random.below(4)] : undefined;
      left = fate === 'request' ? 300 + random.below(20_000) : random.below(300);
    };
    const cut = (): void => [client, upstream].forEach((socket) => socket.destroy());
    const pass = (from: Socket, to: Socket, which: 'request' | 'answer'): void => {
      from.on('data', (bytes: Buffer) => {
        if (which === 'request' && last === 'answer') {
          requests++;
          draw();
        }
        last = which;
        if (fate === which && bytes.length > left) {
          cuts[which]++;
          to.write(bytes.subarray(0, left), cut);
          return;
        }
        if (fate === which) left -= bytes.length;
        to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('error', cut);
      from.on('close', () => to.destroySoon());
    };
    for (const socket of [client, upstream]) open.add(socket.on('close', () => open.delete(socket)));
    pass(client, upstream, 'request');
    pass(upstream, client, 'answer');
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, cuts, requests: () => requests, cutting: (on: boolean) => void (isCutting = on) };
}

test('killed, and cut off in the middle: everything is there, once', { skip: chdbMissing() }, async (t) => {
  const random = createRandom(printedSeed(t));
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-cut-'));
  const engine = superviseChdb({ dir, backOffMs: [20, 100] }, { clock: systemClock, logger: silentLogger });
  t.after(async () => {
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  await engine.whenReady;
  const proxy = await cuttingProxy(t, random, () => {
    const endpoint = engine.endpoint();
    return endpoint && Number(new URL(endpoint.url).port);
  });
  const through = () => {
    const endpoint = engine.endpoint();
    return endpoint && { ...endpoint, url: `http://127.0.0.1:${proxy.port}` };
  };
  // Several requests a batch, so that a batch can be cut in its middle.
  const olap = createClickHouseStore({ batchRows: 50 }, { endpoint: through });
  t.after(() => olap.close());
  // The tables are there, and the store knows: what is hit are inserts.
  await olap.ping();
  proxy.cutting(true);

  await withTempLog(async ({ log }) => {
    const topics = topicsOf('p');
    for (const name of Object.values(topics)) await log.ensureTopic(name, { partitions: 1 });
    let failures = 0;
    const warn = { info: () => {}, warn: () => void failures++ };
    const measures = [{ name: 'clicks', kind: 'count', source: 'events', where: [] }] as const;
    const windows = [{ name: '1m', sizeMs: 60_000, slideMs: 60_000 }];
    const writer = createOlapWriter(
      { pipeline: { pipeline: 'p', measures, windows }, topics },
      // Pauses a tenth as long.
      { log, olap, logger: warn, clock: systemClock, unit: random.unit, sleep: (ms, signal) => sleep(ms / 10, signal) },
    );
    writer.hurry();
    const stopping = new AbortController();
    t.after(() => stopping.abort());
    const writing = writer.run(stopping.signal);

    const expected = new Map<string, WindowRow>();
    const letters: DeadLetter[] = [];
    // On until each kind of cut has hit a few times, whatever else the machine does.
    for (let round = 0; round < ROUNDS || (Math.min(proxy.cuts.request, proxy.cuts.answer) < CUTS && round < ROUNDS_MAX); round++) {
      const rows = Array.from({ length: ROWS_PER_ROUND }, (_, i): WindowRow => {
        // Now and then the correction of an earlier one.
        const isCorrection = expected.size > 0 && random.below(4) === 0;
        const minute = isCorrection ? random.below(expected.size) : expected.size;
        const events = 1_000 * round + i;
        const row = windowRow('p', minute, {
          version: rowVersion(1, 'final', events),
          events,
          state: { clicks: events },
          measures: { clicks: events },
        });
        expected.set(row.window_start, row);
        return row;
      });
      letters.push({
        topic: 'raw',
        partition: 0,
        offset: round,
        revision: 1,
        outcome: 'late',
        reason: 'late',
        payload: 'x'.repeat(random.below(5_000)),
      });
      const json = (values: readonly object[]) => packRecords(values.map((value) => JSON.stringify(value)));
      await log.commit({
        appends: [
          { topic: topics.windows, partition: 0, ...json(rows) },
          { topic: topics.deadLetters, partition: 0, ...json([letters.at(-1)!]) },
        ],
      });
      const before = proxy.requests();
      await sleep(random.below(150), stopping.signal);
      // A slow machine has as many chances to be hit as a fast one.
      while (proxy.requests() === before) await sleep(5, stopping.signal);
      if (round % 6 === 5 && round < ROUNDS) kill(engine.pid());
    }
    proxy.cutting(false);
    let least = Infinity;
    let movedAt = systemClock.elapsed();
    for (let lag = await writer.lag(); lag > 0; lag = await writer.lag()) {
      if (lag < least) movedAt = systemClock.elapsed();
      least = Math.min(least, lag);
      assert.ok(systemClock.elapsed() < movedAt + 30_000, `${lag} records are not stored, and no more since half a minute`);
      await sleep(20, stopping.signal);
    }
    stopping.abort();
    await writing;
    t.diagnostic(`cut in a request ${proxy.cuts.request} times, in an answer ${proxy.cuts.answer} times; ${failures} failures told`);
    assert.ok(Math.min(proxy.cuts.request, proxy.cuts.answer) >= CUTS && failures > 0, 'no fault hit');
    const stored = await collect(olap.windows({ pipeline: 'p' }, (found) => found));
    assert.deepEqual(
      stored,
      [...expected.values()].sort((a, b) => (a.window_start < b.window_start ? -1 : 1)),
    );
    assert.deepEqual(await olap.deadLetters({ pipeline: 'p' }), letters);
  });
});
