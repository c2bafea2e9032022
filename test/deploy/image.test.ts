/** The Dockerfile, as far as it can be looked at without building it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../e2e/tocsin.ts';
import { read } from './deployed.ts';
import { temporary } from '../support/temporary.ts';

const lines = read('Dockerfile').replaceAll('\\\n', '').split('\n');
const copied = lines.flatMap((line) => {
  const [, sources] = /^COPY (?!--from)(.+) \S+$/.exec(line) ?? [];
  return sources?.split(' ') ?? [];
});
const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

test('what is copied is there, and is not kept from the build', () => {
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const source of copied) {
    assert.ok(existsSync(path.join(ROOT, source)), source);
    assert.ok(allowed.includes(source), `${source} is not in .dockerignore`);
  }
  assert.deepEqual(
    allowed.filter((each) => !copied.includes(each)),
    [],
  );
});

test('what the code opens beside itself is in the image', () => {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) => !file.includes('.test.'));
  const opened = files.flatMap((file) =>
    [...read(file).matchAll(/new URL\('(\.\.?\/[^']+)', import\.meta\.url\)/g)].map(([, to]) => path.join(path.dirname(file), to!)),
  );
  assert.ok(opened.includes('package.json') && opened.includes('web/dist'));
  const inImage = last.flatMap((line) => /^COPY (?:--from=build )?(.+) \S+$/.exec(line)?.[1]!.split(' ') ?? []);
  const roots = inImage.map((each) => each.replace('/opt/tocsin/', ''));
  for (const file of opened)
    assert.ok(
      roots.some((root) => file === root || file.startsWith(`${root}/`)),
      file,
    );
});

test('the page can be built of what is copied before it', (t) => {
  const dir = temporary(t);
  const before = lines.slice(
    0,
    lines.findIndex((line) => line.includes('build-web.sh')),
  );
  const sources = before.flatMap((line) => /^COPY (.+) \S+$/.exec(line)?.[1]!.split(' ') ?? []);
  for (const source of sources)
    cpSync(path.join(ROOT, source), path.join(dir, source), { recursive: true, filter: (from) => !from.endsWith('web/dist') });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'));
  const { status, stderr } = spawnSync('sh', ['scripts/build-web.sh'], { cwd: dir, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.ok(existsSync(path.join(dir, 'web/dist/index.html')));
});

test('it does not run as root, on the Node.js that the project runs on', () => {
  assert.ok(last.includes('USER node'));
  const version = read('.node-version').trim();
  for (const line of lines.filter((each) => each.startsWith('FROM ')))
    assert.ok(line.startsWith(`FROM node:${version.split('.')[0]}-slim`));
});
