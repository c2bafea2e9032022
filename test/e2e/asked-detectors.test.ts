/** Detectors for those who ask for them, through the real command line: a game's wrong item, a user who clicks too often. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createRandom } from '../../src/core/random.ts';
import { drawsAt, TICK_MS } from '../../src/sources/gacha/draws.ts';
import { objects, output, ROOT } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const START = Date.UTC(2026, 2, 2, 9);
const HOUR_MS = 3_600_000;

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly direction: string;
  readonly alert_time: string;
  readonly alert_id: string;
  readonly part_of?: string;
  readonly explanation: {
    readonly text: string;
    readonly keys?: readonly { key: string; least: number; most: number }[];
    readonly evidence?: { readonly ratio_range: readonly [number, number] };
  };
}

test('of all items of a game, the one that is drawn half as often as designed rings, and no other', async (t) => {
  const dir = temporary(t);
  const rates = JSON.parse(readFileSync(path.join(ROOT, 'pipelines/gacha-rates.json'), 'utf8')) as Record<string, string>;
  const items = Object.entries(rates).map(([name, rate]) => ({ name, rate: Number.parseFloat(rate) / 100 }));
  const wrong = [{ item: 'dragon', factor: 0.5, after: HOUR_MS }];
  const lines: string[] = [];
  for (let at = START + TICK_MS; at <= START + 3 * HOUR_MS; at += TICK_MS) {
    lines.push(...drawsAt(at, START, items, { draws_per_minute: 1_200, servers: 2, seed: 3, wrong }));
  }
  const file = path.join(dir, 'draws.ndjson');
  writeFileSync(file, `${lines.join('\n')}\n`);
  await output(['run', 'pipelines/gacha.yml', '--input', file, '--once', '--data', dir, '--olap-store', 'none']);
  const alerts = await objects<Alert>(['alerts', '--json', '--data', dir]);
  assert.deepEqual(
    alerts.map(({ labels, direction }) => [labels, direction]),
    [[{ item: 'dragon', designed: '0.6%' }, 'down']],
  );
  const [alert] = alerts as [Alert];
  const minutes = (Date.parse(alert.alert_time) - START - HOUR_MS) / 60_000;
  assert.ok(minutes > 0 && minutes < 30, `${minutes} minutes after it went wrong`);
  const [low, high] = alert.explanation.evidence!.ratio_range;
  assert.ok(low < 0.5 && high < 1, `${low} to ${high}`);
});

test('a user who clicks too often in a second is named, though users are no dimension, and told once: where all of the clicks are', async (t) => {
  const dir = temporary(t);
  const pipeline = path.join(dir, 'clicks.yml');
  writeFileSync(
    pipeline,
    `
pipeline: clicks
source: { topic: clicks }
event: { id: id, time: at, out_of_orderness: 1s, allowed_lateness: 10s }
dimensions: [country, format]
measures:
  top_users: { heavy_hitters: user, where: { type: click }, keep: 32 }
windows: [1s]
rollups: [[country], [format], []]
detect:
  top_users: { detector: frequency, more_than: 100, over: all }
`,
  );
  const random = createRandom(1);
  const oneOf = (names: readonly string[]): string => names[random.below(names.length)]!;
  const lines: string[] = [];
  const add = (second: number, user: string, country = oneOf(['KR', 'US']), format = oneOf(['banner', 'video'])): void => {
    const at = new Date(START + 1_000 * second + random.below(1_000)).toISOString();
    lines.push(JSON.stringify({ id: String(lines.length), at, country, format, type: 'click', user }));
  };
  for (let second = 0; second < 20; second++) {
    for (let click = 0; click < 500; click++) add(second, `user-${random.below(10_000)}`);
    if (second === 12) for (let click = 0; click < 120; click++) add(second, 'robot-7', 'KR', 'banner');
    if (second === 16) for (let click = 0; click < 300; click++) add(second, 'robot-8');
  }
  const file = path.join(dir, 'clicks.ndjson');
  writeFileSync(file, `${lines.join('\n')}\n`);
  await output(['run', pipeline, '--input', file, '--once', '--data', dir, '--olap-store', 'none']);
  const alerts = await objects<Alert>(['alerts', '--json', '--data', dir]);
  const told = alerts.filter(({ part_of }) => part_of === undefined);
  assert.deepEqual(
    told.map(({ labels, alert_id, explanation: { keys } }) => [
      labels,
      keys?.map(({ key }) => key),
      alerts
        .filter(({ part_of }) => part_of === alert_id)
        .map((member) => Object.values(member.labels).join(' '))
        .sort(),
    ]),
    [
      [{ country: 'KR', format: 'banner' }, ['robot-7'], ['', 'KR', 'banner']],
      [{}, ['robot-8'], ['KR', 'US', 'banner', 'video']],
    ],
  );
  const [{ explanation }] = told as [Alert];
  const [robot] = explanation.keys!;
  assert.ok(robot && robot.least > 100 && robot.least <= 120 && robot.most >= 120, JSON.stringify(robot));
  assert.match(explanation.text, /robot-7 \(\d+–\d+\)/);
});
