/**
 * The ad-tech sample through runs that are killed 200 times at random points, in rounds: after each round every outcome, window,
 * dead letter and alert must be what an undisturbed run gives. `TOCSIN_SEED` repeats a soak.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRandom } from '../src/core/random.ts';
import { killedRuns, midway } from '../test/e2e/killed-run.ts';
import {
  checkAlertsFollow,
  checkDeadLetters,
  checkOutcomes,
  checkSummary,
  checkWindows,
  SAMPLE,
  shownWindows,
  waryPipeline,
} from '../test/e2e/sample-checks.ts';
import { output } from '../test/e2e/tocsin.ts';
import { sampleMissing } from '../test/oracle/adtech-sample.ts';
import { report } from './measure.ts';

const KILLS = 200;
const ROUND_KILLS = 40;

if (sampleMissing === false) await soak();
else console.log(`skipped: ${sampleMissing}`);

async function soak(): Promise<void> {
  const seed = Number(process.env['TOCSIN_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`TOCSIN_SEED=${seed}`);
  const random = createRandom(seed);
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-soak-'));
  try {
    const pipeline = waryPipeline(dir);
    const whole = path.join(dir, 'whole');
    await output(['run', pipeline, '--input', SAMPLE, '--once', '--json', '--olap-store', 'none', '--data', whole]);
    const expected = { windows: await shownWindows(whole), alerts: await checkAlertsFollow(whole, pipeline) };
    const rows: Record<string, string | number>[] = [];
    let kills = 0;
    let hits = 0;
    for (let round = 1; kills < KILLS; round++) {
      const roundDir = path.join(dir, `round-${round}`);
      const { data, outcomes, summary, linesAt } = await killedRuns(roundDir, pipeline, Math.min(ROUND_KILLS, KILLS - kills), random);
      checkSummary(summary);
      checkOutcomes(outcomes);
      await checkWindows(data);
      await checkDeadLetters(data);
      assert.equal(await shownWindows(data), expected.windows);
      assert.equal(await checkAlertsFollow(data, pipeline), expected.alerts);
      rmSync(roundDir, { recursive: true });
      kills += linesAt.length;
      hits += midway(linesAt);
      rows.push({ name: `round ${round}`, kills: linesAt.length, midway: midway(linesAt) });
      console.log(`round ${round}: killed with ${linesAt.join(', ')} lines committed; all as if nothing had happened`);
    }
    report('crash', { rows, ratios: { midway: hits / kills }, bar: { ratio: 'midway', least: 0.5 }, seed, kills });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
