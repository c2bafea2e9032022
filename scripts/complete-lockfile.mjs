#!/usr/bin/env node
/**
 * Completes package-lock.json after a change of dependencies: a registry mirror may hide the packages of platforms it
 * does not serve, and npm then leaves them out of the lockfile, so that `npm ci` installs no binary there. For each such
 * package an entry is added whose version is the one its parent pins and whose os, cpu and libc follow from its name.
 *
 *   node scripts/complete-lockfile.mjs           adds what is missing
 *   node scripts/complete-lockfile.mjs --check   lists what is missing, exit 1 if anything is
 *
 * Runs on Node 20.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LOCKFILE = new URL('../package-lock.json', import.meta.url);
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];
/** The last word of a platform's name: the instruction set variant or the C library it was built against. */
const LIBC = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

/** `@x/lib-linux-x64-gnu` -> `{ os: ['linux'], cpu: ['x64'], libc: ['glibc'] }`; undefined where the name tells no platform. */
export function platformOf(name) {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-');
  if (words.includes('wasm32')) return { cpu: ['wasm32'] };
  const os = words.find((word) => OS.includes(word));
  const cpu = words.find((word) => CPU.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = os === 'linux' ? words.map((word) => LIBC[word]).find((word) => word !== undefined) : undefined;
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] };
}

/** The entries that the lockfile lacks: `[path, entry]`, for every optional dependency with a platform in its name. */
export function missingEntries(lockfile) {
  const found = new Map();
  for (const [path, parent] of Object.entries(lockfile.packages)) {
    if (path === '') continue;
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const platform = platformOf(name);
      const entryPath = `node_modules/${name}`;
      if (platform === undefined || lockfile.packages[entryPath] !== undefined) continue;
      if (!/^\d/.test(version)) throw new Error(`${path} asks for ${name} "${version}": expected an exact version`);
      const { cpu, libc, os } = platform;
      const dev = parent.dev === true ? { dev: true } : {};
      found.set(entryPath, { version, cpu, ...dev, ...(libc ? { libc } : {}), optional: true, ...(os ? { os } : {}) });
    }
  }
  return [...found];
}

function main() {
  const lockfile = JSON.parse(readFileSync(LOCKFILE, 'utf8'));
  const missing = missingEntries(lockfile);
  if (process.argv.includes('--check')) {
    for (const [path] of missing) console.log(`package-lock.json lacks ${path}: run node scripts/complete-lockfile.mjs`);
    process.exitCode = missing.length === 0 ? 0 : 1;
    return;
  }
  const entries = [...Object.entries(lockfile.packages), ...missing].sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(LOCKFILE, `${JSON.stringify({ ...lockfile, packages: Object.fromEntries(entries) }, null, 2)}\n`);
  console.log(`package-lock.json: ${missing.length} entries added, ${entries.length} in all`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
