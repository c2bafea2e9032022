import assert from 'node:assert/strict';
import { test } from 'node:test';
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
