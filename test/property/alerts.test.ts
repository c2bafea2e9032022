/** Alerts follow from the log of final windows: read again from its start, it gives them byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { detectorCatalog } from '../../src/detectors/catalog.ts';
import type { DetectEntry } from '../../src/pipeline/monitor/monitor-spec.ts';
import type { EngineSpec } from '../../src/windows/spec.ts';
import { scenario } from './arbitraries.ts';
import { monitorOf } from './driver.ts';
import { NEVER_MS, pace, played, retiring } from './played.ts';
import { runs } from './runs.ts';

/** Limits so near that streams this short fire and resolve. */
function detectOf({ measures, windows }: EngineSpec): DetectEntry[] {
  const ema = detectorCatalog['ema-threshold'].config.parse({ down: '10%', up: '10%' });
  const threshold = detectorCatalog.threshold.config.parse({ above: 2, clear_below: 2 });
  return windows.flatMap(({ name: window }) =>
    measures.flatMap(({ name: measure }): DetectEntry[] => [
      { detector: 'ema-threshold', config: ema, measure, window, over: 'all' },
      { detector: 'threshold', config: threshold, measure, window, over: 'all' },
    ]),
  );
}

for (const idle of [false, true]) {
  test(`a monitor that reads the windows again rings the same alerts${idle ? ', with silences too' : ', and so does another run'}`, async () => {
    let fired = 0;
    await fc.assert(
      fc.asyncProperty(scenario(), pace({ idle }), pace(), async (drawn, at, other) => {
        const one = retiring(drawn, idle ? 20_000 : NEVER_MS);
        const detect = detectOf(one.spec);
        const { told } = await played(one, at, { detect });
        const monitor = monitorOf(one.spec, detect);
        const again = told.records.flatMap((record) => monitor.observe(record)).map((event) => JSON.stringify(event));
        assert.deepEqual(again, told.alerts);
        if (!idle) assert.deepEqual((await played(one, other, { detect })).told.alerts, told.alerts);
        fired += told.alerts.length;
      }),
      runs(15),
    );
    assert.ok(fired > 100, `${fired} alerts are too few to tell anything`);
  });
}
