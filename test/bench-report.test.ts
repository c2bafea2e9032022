/** What `make bench` says when a ratio has moved since the run that is kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { report } from '../bench/measure.ts';

test('a drop of more than 15 % since the kept run is pointed out, whatever the runs in between were', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const folders = { out: pathToFileURL(join(dir, 'out/')), kept: pathToFileURL(join(dir, 'kept/')) };
  const log = t.mock.method(console, 'log', () => {});
  const before = process.env['KEEP'];
  t.after(() => {
    if (before === undefined) delete process.env['KEEP'];
    else process.env['KEEP'] = before;
  });
  const said = (speed: number, keep = false): string => {
    log.mock.resetCalls();
    if (keep) process.env['KEEP'] = '1';
    else delete process.env['KEEP'];
    report('walk', { rows: [], ratios: { speed } }, folders);
    return log.mock.calls.map((call) => String(call.arguments[0])).join('\n');
  };
  assert.doesNotMatch(said(2, true), /DOWN|up/);
  assert.doesNotMatch(said(1.8), /DOWN/);
  assert.match(said(1.5), /DOWN 25 %: speed was 2\.00 in the run that was kept, is 1\.50/);
  assert.match(said(1.5), /DOWN 25 %/, 'against the kept run, not the one before');
  assert.match(said(2.5), /up 25 %/);
});
