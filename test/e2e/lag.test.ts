/** The alert on lag where roles are apart: it rings when nobody reads the input, and ends when somebody does. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Status } from '../../src/app/readers/status.ts';
import type { AlertEvent } from '../../src/receivers/alert-event.ts';
import { service } from '../support/services.ts';
import { bring, valuesOf } from './kafka-topic.ts';
import { ownPipeline } from './own-pipeline.ts';
import { beginFor, output, until } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const kafka = service('kafka');

test('no process reads the input: the monitor says so, status names the partitions', { skip: kafka.skip, timeout: 240_000 }, async (t) => {
  const dir = temporary(t);
  const { file, name, topic } = ownPipeline(dir, 2, (text) => `${text}\nlag: { above: 100, for: 1s }\n`);
  const log = ['--log', `kafka://${kafka.address}`];
  const records = (count: number): string[] => Array.from({ length: count }, (_, i) => `not an event ${i}`);
  await bring(kafka.address, topic, [records(80), records(30)]);
  const start = (roles: string, id: number) =>
    beginFor(t, ['run', file, ...log, '--roles', roles, '--olap-store', 'none', '--data', path.join(dir, String(id))]);
  const active = start('monitor,notify', 0);
  await until('the monitor', () => active.stderr().includes('monitor, from record'));
  const told = async (): Promise<AlertEvent[]> =>
    (await valuesOf(kafka.address, `${name}.alerts`)).map((text) => JSON.parse(text) as AlertEvent);
  await until('the alert', async () => (await told()).length > 0);
  const [first] = await told();
  assert.equal(first!.alert_type, 'consumer_lag');
  assert.equal(first!.current_value, 110);
  assert.match(first!.message, new RegExp(`${topic}/0`));

  // A second monitor stands by, and its being there rings nothing again.
  start('monitor', 1);
  const status = async () => {
    const { pipelines } = JSON.parse(await output(['status', '--json', '--data', dir, ...log])) as Status;
    return pipelines.find(({ pipeline }) => pipeline === name)!;
  };
  await until('the stand-by', async () => (await status()).fleet?.roles[1]?.members.length === 2);
  const { fleet } = await status();
  assert.deepEqual(
    fleet!.roles[1]!.members.map(({ owns }) => owns),
    [[`${name}.partials/0`], []],
  );
  assert.deepEqual(fleet!.unowned, [`${topic}/0`, `${topic}/1`]);
  assert.match(await output(['status', '--data', dir, ...log]), /aggregate +nobody/);

  start('aggregate', 2);
  await until('its end', async () => (await told()).length > 1);
  const all = await told();
  assert.deepEqual(
    all.map(({ status: now, alert_id }) => [now, alert_id]),
    [
      ['firing', first!.alert_id],
      ['resolved', first!.alert_id],
    ],
  );
  const { partitions } = await status();
  assert.deepEqual(
    partitions.map(({ lag, lag_seconds, events }) => [lag, lag_seconds, events.invalid]),
    [
      [0, 0, 80],
      [0, 0, 30],
    ],
  );
});
