import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTempLog } from '../../test/property/temp-log.ts';
import { silentLogger } from '../core/logger.ts';
import { packRecords } from '../log/batch.ts';
import type { Log } from '../log/log.ts';
import { createNotifier } from '../notify/notifier.ts';
import type { AlertEvent } from '../receivers/alert-event.ts';
import type { Receiver } from '../receivers/receiver.ts';
import { openNotifyStage, readAlertCounts, type NotifyStage } from './notify-stage.ts';

const TOPIC = 'p.alerts';
const NOW = Date.UTC(2026, 0, 1);

function alert(id: string): Partial<AlertEvent> {
  const alert_time = new Date(NOW).toISOString();
  return { alert_id: id, alert_type: 'drop', status: 'firing', repeat: 0, labels: { series: id }, alert_time };
}

/** Rings into `rung`; from the call numbered `diesAt` (0 is the first) on, the process is gone while it sends. */
function stageOn(log: Log, rung: string[], diesAt = Infinity): Promise<NotifyStage> {
  const receiver: Receiver = {
    name: 'bell',
    local: false,
    async send({ alert: told }) {
      rung.push(told.alert_id);
      return { ok: true };
    },
  };
  const notifier = createNotifier(
    { pipeline: 'p', cooldownMs: 0, notifyWithinMs: undefined, sendResolved: true, audience: 'all' },
    { clock: { now: () => NOW, elapsed: () => 0 }, receivers: [receiver], wait: async () => {}, logger: silentLogger },
  );
  let commits = 0;
  const mortal: Log = {
    ...log,
    commit: async (unit) => {
      if (commits++ >= diesAt) throw new Error('killed');
      return log.commit(unit);
    },
  };
  return openNotifyStage({ pipeline: 'p', topic: TOPIC }, { log: mortal, notifier });
}

test('after a crash at most the notification under way is repeated, and the counts go on', async () => {
  await withTempLog(async ({ log }) => {
    await log.ensureTopic(TOPIC, { partitions: 1 });
    await log.commit({ appends: [{ topic: TOPIC, partition: 0, ...packRecords(['a', 'b', 'c'].map((id) => JSON.stringify(alert(id)))) }] });
    const rung: string[] = [];
    await assert.rejects((await stageOn(log, rung, 1)).drain(), /killed/);
    assert.deepEqual(rung, ['a', 'b']);
    assert.deepEqual(await readAlertCounts(log, 'p'), { fired: 1, sent: 1 });

    const second = await stageOn(log, rung);
    await second.drain();
    assert.deepEqual(rung, ['a', 'b', 'b', 'c']);
    assert.deepEqual(second.counts(), { fired: 3, sent: 3 });

    const third = await stageOn(log, rung);
    await third.drain();
    assert.deepEqual(rung.length, 4, 'everything was handled');
    assert.deepEqual(await readAlertCounts(log, 'p'), { fired: 3, sent: 3 });
  });
});
