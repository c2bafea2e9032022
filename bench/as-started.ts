/** What `bin/tocsin` tells Node and glibc, for benches that run parts of Tocsin in a process of their own. */
import { readFileSync } from 'node:fs';

const script = readFileSync(new URL('../bin/tocsin', import.meta.url), 'utf8');

export const TOCSIN_FLAGS = [...script.slice(script.indexOf('exec "$node"')).matchAll(/ (--\S+)/g)].map(([, flag]) => flag!);

/** This process' environment, with it. */
export const TOCSIN_ENV = {
  ...Object.fromEntries([...script.matchAll(/(MALLOC_\w+)="\$\{\1:-(\d+)\}"/g)].map(([, name, value]) => [name, value])),
  ...process.env,
};
