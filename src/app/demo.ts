/** `tocsin demo`: generated ad events through the whole engine, in a data directory that goes with it unless one is named. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DemoOptions } from './run-options.ts';
import { runPipelines, type RunDeps } from './run.ts';

const PIPELINE = fileURLToPath(new URL('../../pipelines/demo.yml', import.meta.url));

const INTRODUCTION = `Tocsin demo: 1,000 made-up ad events a second, 7 countries x 3 ad formats, windows of 10 s and 1 m.
Two minutes of history come first, then it is live: a line for each window that closes (the total over all 21 segments).
After 20 s the click-through rate of "US banner" drops to a quarter, after 40 s "KR rewarded_video" is flooded:
the first alert comes with the next 10 s window that is whole. The pipeline is pipelines/demo.yml. Ctrl-C ends it.

`;

/** @throws AppError as `runPipelines` */
export async function runDemo({ data, json, forMs }: DemoOptions, deps: RunDeps): Promise<void> {
  const dir = data ?? mkdtempSync(join(tmpdir(), 'tocsin-demo-'));
  if (!json) deps.stdout.write(INTRODUCTION);
  try {
    await runPipelines(
      {
        files: [PIPELINE],
        data: dir,
        once: false,
        json,
        revision: { kind: 'same' },
        notify: false,
        // The demo shows counting and ringing; the 543 MB of an OLAP engine are not needed for that.
        olapStore: 'none',
        quiet: false,
        ...(forMs !== undefined && { forMs }),
      },
      deps,
    );
  } finally {
    if (data === undefined) rmSync(dir, { recursive: true, force: true });
  }
}
