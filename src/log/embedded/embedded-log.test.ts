import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testLog } from '../../../test/contract/log.ts';
import { createEmbeddedLog } from './embedded-log.ts';

for (const [name, rowBytes] of [
  ['embedded', 256 << 10],
  ['embedded, tiny rows', 40],
] as const) {
  testLog(name, async (clock) => {
    const dir = mkdtempSync(join(tmpdir(), 'tocsin-log-'));
    const path = join(dir, 'log.sqlite');
    let log = createEmbeddedLog({ path, clock, rowBytes });
    return {
      log,
      async reopen() {
        await log.close();
        log = createEmbeddedLog({ path, clock, rowBytes });
        return log;
      },
      async dispose() {
        await log.close();
        rmSync(dir, { recursive: true });
      },
    };
  });
}
