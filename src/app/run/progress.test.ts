import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedAt, rowAt } from '../../../test/support/window-row.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { WindowRecord } from '../../windows/row.ts';
import { createProgress } from './progress.ts';

for (const live of [true, false]) {
  test(`a line comes with news and not while nothing happens, ${live ? 'on a terminal' : 'in a file'}`, (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    let now = 0;
    const written: string[] = [];
    const progress = createProgress({
      write: (text) => written.push(text),
      live,
      clock: { now: () => now, elapsed: () => now },
      quiet: false,
    });
    const pass = (ms: number): void => {
      now += ms;
      t.mock.timers.tick(ms);
    };
    progress.judged(1_000);
    for (let i = 0; i < 20; i++) pass(5_000);
    const idle = written.filter((text) => text.includes('1,000 records (0/s)'));
    assert.equal(idle.length, 1, written.join('|'));
    const before = written.length;
    progress.judged(100);
    pass(5_000);
    assert.match(written.slice(before).join(''), /1,100 records/);
    progress.aside(() => written.push('an alert\n'));
    pass(5_000);
    // What stood on the terminal was wiped away for it.
    assert.match(written.slice(written.indexOf('an alert\n')).join(''), /1,100 records \(0\/s\)/);
    progress.stop();
  });
}

test('windows that close together have a line each, by one clock; of thousands the newest ones, with one line for all before', async (t) => {
  const zones = t.mock.method(Intl, 'DateTimeFormat');
  const written: string[] = [];
  let slices = 0;
  const clock = { now: () => 0, elapsed: () => slices++ };
  const progress = createProgress({ write: (text) => written.push(text), live: false, clock, quiet: false });
  t.after(() => progress.stop());
  const engine = { dimensions: ['country'], measures: [{ kind: 'count', name: 'clicks' }] };
  const config = { engine, timeZone: 'Asia/Seoul' } as unknown as LoadedPipeline;
  const closing = async (count: number): Promise<string[]> => {
    const records = Array.from({ length: count }, (_, i): WindowRecord[] => {
      const rows = [{ country: 'KR' }, { country: 'US' }, {}].map((labels) =>
        rowAt(i * 60_000, { labels, measures: { clicks: 2_000 + i } }),
      );
      return [...rows, closedAt(i * 60_000)];
    }).flat();
    await progress.committed(config, { records, provisional: [], alerts: [], deadLetters: 0 }, false);
    return written.splice(0).join('').split('\n').slice(0, -1);
  };
  assert.deepEqual(await closing(2), [
    '09:01:00 UTC+9   1m     2 series   clicks 2,000', //
    '09:02:00 UTC+9   1m     2 series   clicks 2,001',
  ]);
  const [before, ...newest] = await closing(1_010);
  assert.equal(before, '1,000 windows closed, up to 1970-01-02 01:40 UTC+9');
  assert.equal(newest.length, 10);
  assert.equal(newest.at(-1), '01:50:00 UTC+9   1m     2 series   clicks 3,009');
  assert.ok(slices > (1_010 * 4) / 512, `${slices} slices`);
  assert.equal(zones.mock.callCount(), 1);
});
