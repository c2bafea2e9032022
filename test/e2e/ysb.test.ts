/** The Yahoo streaming benchmark by the pipeline file that its bench runs: every count of every campaign and window, exactly. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { objects, output, ROOT } from './tocsin.ts';
import { temporary } from '../support/temporary.ts';

const YSB = path.join(ROOT, '../shared/data/ysb');
const skip = existsSync(YSB) ? false : `${YSB} is not there`;

interface Expected {
  readonly totals: { readonly events: number; readonly counted_views: number };
  /** Views by campaign and window start (epoch ms). */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

interface Shown {
  readonly campaign: string;
  readonly window_start: string;
  readonly views: number;
}

test('views per campaign and 10 seconds are those of a recount, unknown ads left out', { skip }, async (t) => {
  const dir = temporary(t);
  const file = path.join(dir, 'ysb.yml');
  copyFileSync(path.join(ROOT, 'bench/peers/ysb.yml'), file);
  copyFileSync(path.join(YSB, 'ad-to-campaign.json'), path.join(dir, 'ad-to-campaign.json'));
  const data = ['--data', path.join(dir, 'data')];
  const once = ['run', file, ...data, '--input', path.join(YSB, 'events.ndjson'), '--once', '--json', '--quiet', '--olap-store', 'none'];
  const [{ events }] = JSON.parse(`[${await output(once)}]`) as [{ events: Record<string, number> }];
  const { totals, counts } = JSON.parse(readFileSync(path.join(YSB, 'expected.json'), 'utf8')) as Expected;
  const { read, accepted, late, invalid } = events;
  assert.deepEqual({ read, accepted, late, invalid }, { read: totals.events, accepted: totals.counted_views, late: 0, invalid: 0 });

  const found: Record<string, Record<string, number>> = {};
  for (const { campaign, window_start, views } of await objects<Shown>(['windows', ...data, '--json'])) {
    (found[campaign] ??= {})[Date.parse(window_start)] = views;
  }
  assert.deepEqual(found, counts);
});
