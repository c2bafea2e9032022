/** Installing what tests need: on a machine where apt-get works already for somebody else, and for two services at once. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { installPackages } from '../../scripts/services/packages.ts';

/** Like the real one: who comes while another works gets an error at once. A package called `nowhere` cannot be had. */
const APT_GET = `#!/bin/sh
here=$(dirname "$0")
mkdir "$here/lock" 2>/dev/null || { echo "E: Could not get lock $here/lock. It is held by process 1 (apt-get)" >&2; exit 100; }
sleep 0.2
rmdir "$here/lock"
case "$*" in *nowhere*) echo 'E: Unable to locate package nowhere' >&2; exit 100 ;; esac
echo "$*" >> "$here/done"
`;
const skip = process.getuid?.() === 0 ? false : 'only root installs packages';

test('packages are installed one after another, and after somebody else', { skip }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tocsin-packages-'));
  const { PATH } = process.env;
  t.after(() => {
    process.env['PATH'] = PATH;
    rmSync(folder, { recursive: true, force: true });
  });
  writeFileSync(path.join(folder, 'apt-get'), APT_GET);
  chmodSync(path.join(folder, 'apt-get'), 0o755);
  process.env['PATH'] = `${folder}${path.delimiter}${PATH}`;
  const lock = path.join(folder, 'lock');
  mkdirSync(lock);
  setTimeout(() => rmdirSync(lock), 300);

  const [one, missing, other] = await Promise.allSettled([
    installPackages(['one']),
    installPackages(['nowhere']),
    installPackages(['other', 'more']),
  ]);

  assert.deepEqual([one.status, other.status], ['fulfilled', 'fulfilled']);
  assert.match(String((missing as PromiseRejectedResult).reason), /could not install nowhere: .*Unable to locate package nowhere/s);
  const done = readFileSync(path.join(folder, 'done'), 'utf8').trim().split('\n');
  assert.deepEqual(
    done.map((line) => / (?:update|install .*)$/.exec(line)?.[0].trim().replace('-y --no-install-recommends ', '')),
    ['update', 'install one', 'update', 'update', 'install other more'],
  );
});
