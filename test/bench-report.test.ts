/** What `make bench` says when a ratio has moved since the run that is kept, or was not measured. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { report, type BenchReport } from '../bench/measure.ts';
import { temporary } from './support/temporary.ts';

test('what is worse by more than 15 % than in the kept run is pointed out, whatever the runs in between were', (t) => {
  const dir = temporary(t);
  const folders = { out: pathToFileURL(join(dir, 'out/')), kept: pathToFileURL(join(dir, 'kept/')) };
  const log = t.mock.method(console, 'log', () => {});
  const before = process.env['KEEP'];
  t.after(() => {
    if (before === undefined) delete process.env['KEEP'];
    else process.env['KEEP'] = before;
  });
  const said = (ratios: BenchReport['ratios'], { keep = false, isLessBetter = false } = {}): string => {
    log.mock.resetCalls();
    if (keep) process.env['KEEP'] = '1';
    else delete process.env['KEEP'];
    report('walk', { rows: [], ratios, isLessBetter }, folders);
    return log.mock.calls.map((call) => String(call.arguments[0])).join('\n');
  };
  assert.doesNotMatch(said({ speed: 2 }, { keep: true }), /WORSE|better/);
  assert.doesNotMatch(said({ speed: 1.8 }), /WORSE|better/);
  assert.match(said({ speed: 1.5 }), /WORSE, 25 %: speed was 2\.00 in the run that was kept, is 1\.50/);
  assert.match(said({ speed: 1.5 }), /WORSE, 25 %/, 'against the kept run, not the one before');
  assert.match(said({ speed: 2.5 }), /better, 25 %/);
  assert.match(said({ speed: 2.5 }, { isLessBetter: true }), /WORSE, 25 %/);
  assert.match(said({ speed: 1.5 }, { isLessBetter: true }), /better, 25 %/);
  assert.match(said({ pace: 1 }), /not measured: speed, which was 2\.00/);
  const rounds = said({ speed: [9, 1.4, 1.5, 1.6, 0.1] }, { keep: true });
  assert.match(rounds, /speed: 1\.50 \(0\.10-9\.00\)/);
  assert.match(rounds, /WORSE, 25 %: speed was 2\.00/);
  assert.match(said({ speed: 2 }), /better, 33 %: speed was 1\.50/);
});

test('a ratio that could not be measured misses its bar, and breaks no later run', (t) => {
  const dir = temporary(t);
  const folders = { out: pathToFileURL(join(dir, 'out/')), kept: pathToFileURL(join(dir, 'kept/')) };
  const log = t.mock.method(console, 'log', () => {});
  const before = process.exitCode;
  t.after(() => (process.exitCode = before));
  const said = (ratios: BenchReport['ratios']): string => {
    log.mock.resetCalls();
    process.exitCode = undefined;
    report('walk', { rows: [], ratios, bars: [{ ratio: 'speed', least: 1 }] }, folders);
    return log.mock.calls.map((call) => String(call.arguments[0])).join('\n');
  };
  for (const ratios of [{}, { speed: NaN }, { speed: Infinity }, { speed: [1, NaN, 3] }, { speed: [] }]) {
    assert.match(said(ratios), /MISSED: speed not measured, wanted at least 1/);
    assert.equal(process.exitCode, 1);
    assert.match(said({ speed: 2 }), /  met: speed 2\.00/);
    assert.equal(process.exitCode, undefined);
  }
});
