/**
 * Does evidence keep the budget where events come in clumps, few or many of them? Twenty series in which nothing changes: any alarm is
 * false. Prints alarms beside what the budget allows. `--sizes 10s,1m,5m --days 3 --budget 10 --seed 900` choose; `--day 0.6`: the
 * traffic goes up and down by so much with the day, at each series' own hours.
 */
import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/core/duration.ts';
import { createRandom } from '../../src/core/random.ts';
import type { Random } from '../../src/core/random.ts';
import type { Direction } from '../../src/detectors/detector.ts';
import { createEvidenceRows } from '../../src/detectors/evidence/rows.ts';

const SERIES = 20;
const MINUTE = 60_000;
const DAY = 86_400_000;
/** Events of a clump, on average. */
const EVENTS = [1, 5, 20];
/** Clumps expected in a window of each series; undefined: 4 to 40 a minute. */
const CLUMPS = [1, 4, 20, undefined];

/** Events of one clump, `mean` on average. */
const KINDS: Readonly<Record<string, (mean: number, random: Random) => number>> = {
  'of one size': (mean) => mean,
  'of geometric sizes': (mean, random) => (mean === 1 ? 1 : 1 + Math.floor(Math.log(1 - random.unit()) / Math.log(1 - 1 / mean))),
};

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10s,1m,5m' },
    days: { type: 'string', default: '3' },
    budget: { type: 'string', default: '10' },
    seed: { type: 'string', default: '900' },
    day: { type: 'string', default: '0' },
  },
});
const [days, falseAlarmsPerDay] = [Number(options.days), Number(options.budget)];

console.log(
  `${days * falseAlarmsPerDay} allowed each; by clumps in a window: ${CLUMPS.map((clumps) => clumps ?? '4 to 40 a minute').join(', ')}`,
);
for (const size of options.sizes.split(',')) {
  for (const [kind, clumpOf] of Object.entries(KINDS)) {
    for (const events of EVENTS) {
      for (const hasExposure of [true, false]) {
        const found = CLUMPS.map((clumps) => alarms(parseDuration(size)!, hasExposure, clumps, (random) => clumpOf(events, random)));
        console.log(
          `${size.padEnd(4)} ${hasExposure ? 'rates ' : 'counts'} in clumps ${kind.padEnd(18)} ${String(events).padStart(2)}: ${found.join(', ')}`,
        );
      }
    }
  }
}

function alarms(windowMs: number, hasExposure: boolean, clumps: number | undefined, clumpOf: (random: Random) => number): number {
  const rows = createEvidenceRows({ windowMs, series: SERIES, falseAlarmsPerDay, tests: 2, adds: 'events', hasExposure, down: 0.5, up: 1 });
  const randoms = Array.from({ length: SERIES }, (_, series) => createRandom(series, Number(options.seed)));
  const on: (Direction | undefined)[] = [];
  let found = 0;
  for (let window = 0; window < (days * DAY) / windowMs; window++) {
    for (const [series, random] of randoms.entries()) {
      const usual = clumps ?? (4 * (1 + (series % 10)) * windowMs) / MINUTE;
      const expected = usual * (1 + Number(options.day) * Math.sin((2 * Math.PI * window * windowMs) / DAY + series));
      let events = 0;
      for (let left = random.poisson(expected); left > 0; left--) events += clumpOf(random);
      const rings = rows.observe(series, window, events, hasExposure ? 100 * expected : 1);
      if (rings !== undefined && rings !== on[series]) found++;
      on[series] = rings;
    }
  }
  return found;
}
