// Prints `name@version` of the native parts that the page's build needs on this machine. They are optional dependencies, one a
// platform, and an install without optional dependencies (chDB is one, 543 MB) leaves them out.
import { readFileSync } from 'node:fs';

const PARENTS = ['rolldown', 'lightningcss'];
const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const libc = process.platform === 'linux' ? (process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl') : undefined;

function isForThisMachine({ os, cpu, libc: wanted }) {
  return (
    (!os || os.includes(process.platform)) &&
    (!cpu || cpu.includes(process.arch)) &&
    (!wanted || libc === undefined || wanted.includes(libc))
  );
}

for (const parent of PARENTS) {
  for (const [name, version] of Object.entries(packages[`node_modules/${parent}`]?.optionalDependencies ?? {})) {
    const entry = packages[`node_modules/${name}`];
    if (entry?.os && isForThisMachine(entry)) console.log(`${name}@${version}`);
  }
}
