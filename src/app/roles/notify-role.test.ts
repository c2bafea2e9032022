import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { packRecords } from '../../log/batch.ts';
import { createEmbeddedLog } from '../../log/embedded/embedded-log.ts';
import type { Log } from '../../log/log.ts';
import { systemWait } from '../../notify/wait.ts';
import { createNotifier } from '../../notify/notifier.ts';
import { topicsOf } from '../../pipeline/topics.ts';
import { runNotifyTerm } from './notify-role.ts';

const TOPIC = 'p.alerts';

/** A term with one alert to tell of, in a log that outlives it. */
async function begin(t: TestContext, holds: () => Promise<boolean>) {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-test-'));
  const log: Log = createEmbeddedLog({ path: path.join(dir, 'log.sqlite'), clock: systemClock });
  await log.ensureTopic(TOPIC, { partitions: 1 });
  await log.ensureTopic('p.silences', { partitions: 1 });
  await log.commit({ appends: [{ topic: TOPIC, partition: 0, ...packRecords([JSON.stringify(sampleAlert)]) }] });
  const [stop, lost] = [new AbortController(), new AbortController()];
  const sent: string[] = [];
  const receiver = {
    name: 'r',
    local: false,
    target: 'here',
    async send({ dedupKey }: { dedupKey: string }) {
      sent.push(dedupKey);
      return { ok: true } as const;
    },
  };
  const settings = { pipeline: 'p', cooldownMs: 0, notifyWithinMs: undefined, audience: 'all' } as const;
  const ended = runNotifyTerm(
    { pipeline: 'p', topics: topicsOf('p'), watermark: () => undefined, isReadToEnd: async () => false, graceMs: 20_000 },
    {
      receivers: [receiver],
      notifierOf: (receivers) => createNotifier(settings, { clock: systemClock, receivers, wait: systemWait, logger: silentLogger }),
      openLog: async () => ({ ...log, close: async () => {} }),
      onOpened: () => {},
      logger: silentLogger,
    },
    { holds, lost: lost.signal },
    stop.signal,
  );
  t.after(async () => {
    stop.abort();
    await ended;
    await log.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { sent, lost, stop, ended };
}

test('a notifier that may have been replaced sends nothing, and ends at once when it has been', { timeout: 10_000 }, async (t) => {
  const asked = Promise.withResolvers<void>();
  const { sent, lost, stop, ended } = await begin(t, async () => {
    asked.resolve();
    return false;
  });
  await asked.promise;
  // As the membership does it: long before the grace of one that was asked to stop.
  lost.abort();
  stop.abort();
  await ended;
  assert.deepEqual(sent, []);
});

test('one that is still the notifier sends', { timeout: 10_000 }, async (t) => {
  const { sent, stop, ended } = await begin(t, async () => true);
  stop.abort();
  await ended;
  assert.equal(sent.length, 1);
});
