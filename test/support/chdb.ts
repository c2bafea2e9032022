/** chDB is optional, and not made for every machine. */
import { createRequire } from 'node:module';

/** False, or why tests of the embedded OLAP store are skipped here. */
export function chdbMissing(): string | false {
  try {
    createRequire(import.meta.url)('chdb');
    return false;
  } catch (error) {
    return `chDB is not available here: ${String(error).split('\n')[0]}`;
  }
}
