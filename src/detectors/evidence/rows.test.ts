import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import { createEvidenceRows } from './rows.ts';
import type { EvidenceRowsSettings } from './rows.ts';

const DAY = 1_440;
const MINUTE = 60_000;

function settings(more: Partial<EvidenceRowsSettings>): EvidenceRowsSettings {
  return { windowMs: MINUTE, series: 20, falseAlarmsPerDay: 0.02, tests: 1, adds: 'events', hasExposure: true, ...more };
}

/** Starts of alarms as [series, window, direction]; `row` gives amount and exposure, undefined: the window is missing. */
function rings(
  all: EvidenceRowsSettings,
  windows: number,
  row: (series: number, window: number, random: Random) => readonly [number, number] | undefined,
  order: 'time' | 'segment' = 'time',
): [number, number, string][] {
  const rows = createEvidenceRows(all);
  const randoms = Array.from({ length: all.series }, (_, series) => createRandom(series, 1));
  const on = new Map<number, string>();
  const found: [number, number, string][] = [];
  const one = (series: number, window: number): void => {
    const values = row(series, window, randoms[series]!);
    if (!values) return;
    const direction = rows.observe(series, window, ...values);
    if (direction !== undefined && on.get(series) === undefined) found.push([series, window, direction]);
    if (direction === undefined) on.delete(series);
    else on.set(series, direction);
  };
  if (order === 'time')
    for (let window = 0; window < windows; window++) for (let series = 0; series < all.series; series++) one(series, window);
  else for (let series = 0; series < all.series; series++) for (let window = 0; window < windows; window++) one(series, window);
  return found;
}

for (const order of ['time', 'segment'] as const) {
  test(`in order of ${order}: a rate that halves rings once, nothing else does`, () => {
    const found = rings(
      settings({ down: 0.5, up: 1 }),
      DAY + 200,
      (series, window, random) => {
        const rate = series === 4 && window >= DAY ? 0.01 : 0.02;
        const exposure = random.poisson(1_000);
        return [random.poisson(exposure * rate), exposure];
      },
      order,
    );
    assert.deepEqual(
      found.map(([series, , direction]) => `${series} ${direction}`),
      ['4 down'],
    );
    assert.ok(found[0]![1] - DAY < 15, `after ${found[0]![1] - DAY} minutes`);
  });
}

test('a smallest change of 15 % finds one of 16 %, up and down', () => {
  const factors = new Map([
    [4, 0.84],
    [7, 1.16],
  ]);
  const found = rings(settings({ down: 0.15, up: 0.15 }), DAY + 60, (series, window, random) => {
    const exposure = random.poisson(2_000);
    return [random.poisson(exposure * 0.2 * (window >= DAY ? (factors.get(series) ?? 1) : 1)), exposure];
  });
  assert.deepEqual(found.map(([series, , direction]) => `${series} ${direction}`).toSorted(), ['4 down', '7 up']);
});

test('a change near the smallest worth a bell goes on for as long as it lasts', () => {
  const found = rings(settings({ down: 0.1, up: 0.1 }), DAY + 50, (series, window, random) => {
    const exposure = random.poisson(20_000);
    const factor = window < DAY ? 1 : series === 4 ? 0.89 : series === 7 ? 1.12 : 1;
    return [random.poisson(exposure * 0.2 * factor), exposure];
  });
  assert.deepEqual(found.map(([series, , direction]) => `${series} ${direction}`).toSorted(), ['4 down', '7 up']);
});

test('what comes by and by is told in its minute, also where nothing is known yet of what the others do in it', () => {
  const told = [0, 19].map((which) => {
    const own = createRandom(3, 9);
    const found = rings(settings({ down: 0.5, up: 1 }), DAY + 60, (series, window, random) => {
      const rate = series === which && window >= DAY ? 0.0005 : 0.002;
      return [(series === which ? own : random).poisson(500 * rate), 500];
    });
    return found.map(([series, window, direction]) => [series - which, window, direction]);
  });
  assert.equal(told[0]!.length, 1);
  assert.deepEqual(told[0], told[1]);
});

test('a shift of all series at once rings for none of them', () => {
  const found = rings(settings({ series: 60, down: 0.5, up: 1 }), DAY + 120, (_, window, random) => {
    const exposure = random.poisson(500);
    return [random.poisson(exposure * (window >= DAY ? 0.05 : 0.02)), exposure];
  });
  assert.deepEqual(found, []);
});

test('minutes that are missing are no drop', () => {
  const found = rings(settings({ down: 0.5, hasExposure: false }), DAY + 300, (series, window, random) =>
    series < 10 && window >= DAY && window < DAY + 90 ? undefined : [random.poisson(100), 1],
  );
  assert.deepEqual(found, []);
});

test('clicks that come minutes after their impressions are no drop when the traffic triples, and no rise when it falls back', () => {
  const due = new Map<number, Map<number, number>>();
  const found = rings(settings({ series: 40, down: 0.5, up: 1 }), DAY + 240, (series, window, random) => {
    const jump = series === 3 && window >= DAY && window < DAY + 60 ? 4 : 1;
    const exposure = random.poisson(2_000 * jump * (1 + 0.2 * Math.sin(window / 7)));
    const later = due.get(series) ?? new Map<number, number>();
    due.set(series, later);
    for (let clicks = random.poisson(exposure * 0.02); clicks > 0; clicks--) {
      const arrives = window + Math.floor(random.unit() - 4 * Math.log(1 - random.unit()));
      later.set(arrives, (later.get(arrives) ?? 0) + 1);
    }
    return [later.get(window) ?? 0, exposure];
  });
  assert.deepEqual(found, []);
});

for (const [name, before, after] of [
  ['falls back', 4, 1],
  ['triples', 1, 3],
] as const) {
  test(`clicks that come minutes after their impressions ring nothing where the traffic ${name} while nothing is heard`, () => {
    for (const changes of [DAY + 58, DAY + 70, DAY + 80]) {
      const due = new Map<number, number>();
      const found = rings(settings({ series: 40, down: 0.5, up: 1 }), DAY + 200, (series, window, random) => {
        const isOne = series === 3 && window >= DAY - 200;
        const exposure = random.poisson(2_000 * (isOne ? (window < changes ? before : after) : 1 + 0.2 * Math.sin(window / 7)));
        for (let clicks = random.poisson(exposure * 0.02); clicks > 0; clicks--) {
          const arrives = (window + Math.floor(random.unit() - 4 * Math.log(1 - random.unit()))) * 40 + series;
          due.set(arrives, (due.get(arrives) ?? 0) + 1);
        }
        const isHeard = series !== 3 || window < DAY + 50 || window >= DAY + 80;
        return isHeard ? [due.get(window * 40 + series) ?? 0, exposure] : undefined;
      });
      assert.deepEqual(found, [], `changes at ${changes - DAY}`);
    }
  });
}

test('a few minutes of many clicks ring nothing once they are over', () => {
  const found = rings(settings({ up: 1, falseAlarmsPerDay: 0.21 }), 3 * DAY + 60, (series, window, random) => {
    const since = window - 3 * DAY;
    if (series !== 5 || since < 0) return [random.poisson(0.03), 10];
    return [since < 3 || since === 17 ? 2 : 0, 10];
  });
  assert.deepEqual(found, []);
});

test('a lasting step is told once, then learnt', () => {
  const found = rings(settings({ down: 0.5, up: 1 }), 2 * DAY, (series, window, random) => {
    const exposure = random.poisson(2_000);
    return [random.poisson(exposure * (series === 2 && window >= DAY ? 0.06 : 0.02)), exposure];
  });
  assert.deepEqual(
    found.map(([series, , direction]) => `${series} ${direction}`),
    ['2 up'],
  );
});

test('what falls silent for good, or almost, is told once', () => {
  for (const left of [0, 0.01]) {
    const found = rings(settings({ series: 6, hasExposure: false, down: 0.5, up: 2 }), 2 * DAY, (series, window, random) => {
      const isOver = series < 3 && window >= DAY + 7 * series;
      return [random.poisson((isOver ? left : 1) * 200 * (1 + 0.3 * Math.sin((window / DAY) * 2 * Math.PI))), 1];
    });
    assert.deepEqual(found.map(([series, , direction]) => `${series} ${direction}`).toSorted(), ['0 down', '1 down', '2 down']);
  }
});

test('a burst in the first minutes does not become the baseline', () => {
  const found = rings(settings({ down: 0.5, up: 1 }), DAY, (series, window, random) => {
    const exposure = random.poisson(1_000);
    return [random.poisson(exposure * (series === 5 && window < 8 ? 0.1 : 0.02)), exposure];
  });
  assert.deepEqual(found, []);
});

test('a burst while a forecast is not sure yet rings neither late, once it is, nor as a drop after it', () => {
  // Every series has one of 12 minutes within its first half day, with more clicks than hours before it.
  const begins = (series: number): number => 5 + series * 12;
  const found = rings(settings({ series: 60, falseAlarmsPerDay: 1, tests: 2, down: 0.5, up: 1 }), DAY, (series, window, random) => {
    const isBurst = window >= begins(series) && window < begins(series) + 12;
    const exposure = random.poisson(10);
    return [random.poisson(exposure * [0.01, 0.02, 0.05][series % 3]!) + (isBurst ? random.poisson(3) : 0), exposure];
  });
  const wrong = found.filter(([series, window, direction]) => direction === 'down' || window > begins(series) + 20);
  assert.ok(wrong.length <= 2, JSON.stringify(wrong.map(([series, window, direction]) => [series, window - begins(series), direction])));
});

test('money that halves is found, also where single amounts are rough', () => {
  const amount = (random: Random): number => Math.exp(1.3 * random.normal() - (1.3 * 1.3) / 2);
  const found = rings(settings({ adds: 'amounts', down: 0.5 }), DAY + 60, (series, window, random) => {
    const exposure = random.poisson(40);
    const level = series === 1 && window >= DAY ? 0.5 : 1;
    let sum = 0;
    for (let left = exposure; left > 0; left--) sum += level * amount(random);
    return [sum, exposure];
  });
  assert.deepEqual(
    found.map(([series, , direction]) => `${series} ${direction}`),
    ['1 down'],
  );
});

test('a jump at the same time every day is told in its first days, then it is a habit', () => {
  const found = rings(settings({ series: 3, up: 1 }), 6 * DAY, (series, window, random) => {
    const exposure = random.poisson(2_000);
    const isJump = series === 0 && window % DAY >= 600 && window % DAY < 640;
    return [random.poisson(exposure * (isJump ? 0.05 : 0.02)), exposure];
  });
  const days = found.map(([, window]) => Math.floor(window / DAY));
  assert.ok(days.length >= 1 && days.every((day) => day <= 1), `days ${days.join(' ')}`);
});

test('a break within a step is not learnt for the level of the step, and its end rings nothing', () => {
  const begins = [DAY, DAY + 45, DAY + 60];
  const found = rings(settings({ down: 0.5, up: 1 }), 2 * DAY, (series, window, random) => {
    const exposure = random.poisson(2_000);
    const step = begins[series];
    if (step === undefined || window < step) return [random.poisson(exposure * 0.02), exposure];
    const isBreak = window >= step + 50 && window < step + 110;
    return [random.poisson(exposure * (isBreak ? 0.12 : 0.05)), exposure];
  });
  assert.deepEqual(
    found.map(([series, , direction]) => `${series} ${direction}`),
    ['0 up', '1 up', '2 up'],
  );
});

test('a break is no habit until it comes again at the same time on another day', () => {
  const found = rings(settings({ series: 3, up: 1 }), 6 * DAY, (series, window, random) => {
    const exposure = random.poisson(2_000);
    const day = Math.floor(window / DAY);
    const isBreak = series === 0 && day >= 2 && window % DAY >= 600 && window % DAY < 640;
    return [random.poisson(exposure * (isBreak ? 0.05 : 0.02)), exposure];
  });
  assert.deepEqual(
    found.map(([series, window]) => [series, Math.floor(window / DAY)]),
    [
      [0, 2],
      [0, 3],
    ],
  );
});

test('a step of few events is told once: what rang was more than the rest of it', () => {
  const steps = DAY + 60;
  const all = settings({ series: 120, down: 0.5, up: 1, falseAlarmsPerDay: 1 });
  const found = rings(all, steps + 900, (series, window, random) => {
    const exposure = random.poisson(100);
    return [random.poisson(exposure * (series % 4 === 0 && window >= steps + series ? 0.55 : 1) * 0.012), exposure];
  });
  const drops = found.filter(([series, window, direction]) => direction === 'down' && window >= steps + series);
  const told = new Set(drops.map(([series]) => series)).size;
  assert.ok(told > 15, `${told} of 30 were told`);
  assert.equal(drops.length, told);
});

/** Clicks that come `size` at a time, `mean` a minute in all. */
function clumps(random: Random, mean: number, size: number): number {
  return size * random.poisson(mean / size);
}

for (const hasExposure of [true, false]) {
  test(`${hasExposure ? 'rates' : 'counts'} whose events come in clumps keep the budget from the first day on, be the clumps few or many`, () => {
    for (const [each, size] of [
      [1, 5],
      [2, 20],
      [4, 10],
    ] as const) {
      const found = rings(settings({ hasExposure, falseAlarmsPerDay: 10, tests: 2, down: 0.5, up: 1 }), DAY, (_series, _window, random) => [
        clumps(random, each * size, size),
        hasExposure ? 100 : 1,
      ]);
      assert.ok(found.length <= 10, `${each} clumps of ${size} a minute: ${found.length} false alarms`);
    }
  });

  test(`${hasExposure ? 'rates' : 'counts'} whose events come in clumps keep the budget where the day moves the traffic, be it little or much`, () => {
    const found = rings(settings({ hasExposure, falseAlarmsPerDay: 10, tests: 2, down: 0.5, up: 1 }), DAY, (series, window, random) => {
      const each = 4 * (1 + (series % 10)) * (1 + 0.6 * Math.sin((2 * Math.PI * window) / DAY + series));
      return [clumps(random, each * 20, 20), hasExposure ? 100 * each : 1];
    });
    assert.ok(found.length <= 10, `${found.length} false alarms`);
  });
}

test('a segment whose clicks come in clumps among segments where they do not is believed to be so within a day', () => {
  const all = settings({ series: 12, down: 0.5, up: 1, falseAlarmsPerDay: 1, tests: 2 });
  const found = rings(all, 4 * DAY, (series, _window, random) => [clumps(random, 20, series < 3 ? 12 : 1), 3_000]);
  const later = found.filter(([, window]) => window >= DAY);
  assert.ok(later.length < 24, `${later.length} rings in three days`);
});

test('a segment whose clicks halve again and again rings once each time, though clumps are larger beside fewer clicks', () => {
  const all = settings({ series: 12, down: 0.5, up: 1, falseAlarmsPerDay: 1, tests: 2 });
  const found = rings(all, 3.5 * DAY, (series, window, random) => {
    const steps = series < 3 && window >= DAY ? Math.min(4, 1 + Math.floor((window - DAY) / 480)) : 0;
    return [clumps(random, 60 * 0.5 ** steps, 2), 3_000];
  });
  const told = found.filter(([series, window]) => series < 3 && window >= DAY);
  assert.ok(told.length >= 12 && told.length <= 16, JSON.stringify(told));
});
