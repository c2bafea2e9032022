import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeasureSpec } from '../../windows/spec.ts';
import type { Detector, Verdict } from '../detector.ts';
import { thresholdConfig } from './config.ts';
import { threshold } from './threshold.ts';

const MINUTE = 60_000;
const window = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };
const ratio: MeasureSpec = { kind: 'ratio', name: 'errors', numerator: 'failed', denominator: 'requests', scale: 100, unit: '%' };
const count: MeasureSpec = { kind: 'count', name: 'requests', source: 'events', where: [] };

interface Value {
  readonly value: number | null;
  readonly volume?: number;
  readonly absent?: boolean;
}

function run(settings: object, values: readonly (number | Value)[], measure: MeasureSpec = ratio): Verdict[][] {
  const detector = threshold.create(thresholdConfig.parse(settings), { measure, window });
  let state: unknown;
  return values.map((given, minute) => {
    const { value, volume = 1, absent = false } = typeof given === 'number' ? { value: given } : given;
    const observation = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE, labels: {}, value, volume, absent };
    const [step] = detector.observeWindow([{ state, observation }], undefined).steps;
    state = step?.state;
    return [...(step?.verdicts ?? [])];
  });
}

function statuses(verdicts: Verdict[][]): string[] {
  return verdicts.map((one) => one.map((verdict) => verdict.status).join(' '));
}

test('fires past the limit, not on it', () => {
  assert.deepEqual(statuses(run({ above: 5 }, [4, 5, 5.1, 5])), ['clear', 'clear', 'firing', 'clear']);
  assert.deepEqual(statuses(run({ below: 5 }, [6, 5, 4.9, 5])), ['clear', 'clear', 'firing', 'clear']);
});

test('with a clearing level it ends only past that', () => {
  assert.deepEqual(statuses(run({ above: 5, clear_below: 3 }, [6, 4, 3, 2.9, 4])), ['firing', 'firing', 'firing', 'clear', 'clear']);
  assert.deepEqual(statuses(run({ below: 5, clear_above: 7 }, [4, 6, 7, 7.1, 6])), ['firing', 'firing', 'firing', 'clear', 'clear']);
});

test('between the clearing level and the limit it is held against that level, and the limit stays the limit', () => {
  const heldAgainst = (settings: object, values: readonly number[]): unknown =>
    run(settings, values).map(([verdict]) => [verdict!.expected, verdict!.threshold]);
  assert.deepEqual(heldAgainst({ above: 5, clear_below: 3 }, [6, 4, 2]), [
    [5, 5],
    [5, 3],
    [5, 5],
  ]);
  assert.deepEqual(heldAgainst({ below: 5, clear_above: 7 }, [4, 6, 8]), [
    [5, 5],
    [5, 7],
    [5, 5],
  ]);
});

test('waits for a number of windows, or for a duration, in breach without a break', () => {
  const values = [6, 6, 1, 6, 6, 6, 6];
  const expected = ['pending', 'pending', 'clear', 'pending', 'pending', 'firing', 'firing'];
  assert.deepEqual(statuses(run({ above: 5, for: 3 }, values)), expected);
  assert.deepEqual(statuses(run({ above: 5, for: '3m' }, values)), expected);
});

test('a duration is waited for anew where nothing was judged for longer than that', () => {
  const undefinedValue = { value: null, volume: 0 };
  const waits = (unjudged: number) => run({ above: 5, for: '3m' }, [6, ...Array.from({ length: unjudged }, () => undefinedValue), 6, 6, 6]);
  const [short, long] = [waits(3), waits(4)];
  assert.deepEqual(statuses(short), ['pending', '', '', '', 'firing', 'firing', 'firing']);
  assert.equal(short[4]![0]!.lastsSince, 0);
  assert.deepEqual(statuses(long), ['pending', '', '', '', '', 'pending', 'pending', 'firing']);
  assert.equal(long[7]![0]!.lastsSince, 5 * MINUTE);
  // What fires goes on.
  assert.deepEqual(
    statuses(run({ above: 5, for: '2m' }, [6, 6, ...Array.from({ length: 9 }, () => undefinedValue), 6])).filter((status) => status !== ''),
    ['pending', 'firing', 'firing'],
  );
});

test('while it waits, the limit itself counts and not the clearing level', () => {
  const settings = { above: 5, clear_below: 3 };
  const values = [6, 4, 4, 6, 6, 6, 4, 2];
  const expected = ['pending', 'clear', 'clear', 'pending', 'pending', 'firing', 'firing', 'clear'];
  for (const wait of [3, '3m']) {
    const verdicts = run({ ...settings, for: wait }, values);
    assert.deepEqual(statuses(verdicts), expected);
    assert.equal(verdicts[5]![0]!.expected, 5);
  }
});

test('a breach that was written before it was noted whether it fires is held to what it has reached', () => {
  const settings = { above: 5, clear_below: 3 };
  const status = (wait: number | string, breach: object, value: number): string => {
    const detector = threshold.create(thresholdConfig.parse({ ...settings, for: wait }), { measure: ratio, window });
    const at = { startMs: 3 * MINUTE, endMs: 4 * MINUTE, labels: {}, volume: 1, absent: false };
    const [step] = detector.observeWindow([{ state: { up: breach }, observation: { ...at, value } }], undefined).steps;
    return step!.verdicts[0]!.status;
  };
  for (const wait of [3, '3m']) {
    assert.equal(status(wait, { since: 0, windows: 3 }, 4), 'firing', `${wait}`);
    assert.equal(status(wait, { since: 0, windows: 3 }, 2), 'clear', `${wait}`);
    assert.equal(status(wait, { since: MINUTE, windows: 2 }, 4), 'clear', `${wait}`);
    assert.equal(status(wait, { since: 0, windows: 3, fires: false }, 4), 'clear', `${wait}: what was noted counts`);
  }
  assert.equal(status('3m', { since: 0, windows: 2 }, 4), 'firing', 'a duration goes on while a window is not judged');
});

test('a limit that is edited forgets what was said of it, and nothing of the other one', () => {
  const edited = (before: object, after: object, values: readonly number[]): string[] => {
    const [first, second] = [before, after].map((settings) =>
      threshold.create(thresholdConfig.parse(settings), { measure: ratio, window }),
    ) as [Detector, Detector];
    let state: unknown;
    return values.map((value, minute) => {
      const at = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE, labels: {}, volume: 1, absent: false };
      const [step] = (minute < 3 ? first : second).observeWindow([{ state, observation: { ...at, value } }], undefined).steps;
      state = step!.state;
      return step!.verdicts.map(({ direction, status }) => `${direction} ${status}`).join(', ');
    });
  };
  const wavers = { above: 100, clear_below: 80 };
  const values = [110, 90, 90, 90];
  assert.equal(edited(wavers, { ...wavers, below: 10 }, values)[3], 'down clear, up firing');
  assert.equal(edited({ ...wavers, below: 10 }, wavers, values)[3], 'up firing');
  assert.equal(edited(wavers, { ...wavers, above: 95 }, values)[3], 'up clear');
  const waits = { above: 100, for: '4m' };
  assert.equal(edited(waits, { ...waits, below: 10 }, [110, 110, 110, 110])[3], 'down clear, up firing');
  assert.equal(edited(waits, { ...waits, above: 105 }, [110, 110, 110, 110])[3], 'up pending');
});

test('both limits are watched, each on its own', () => {
  const verdicts = run({ above: 10, below: 2 }, [1, 11]);
  assert.deepEqual(
    verdicts.map((one) => one.map(({ direction, status }) => `${direction} ${status}`)),
    [
      ['down firing', 'up clear'],
      ['down clear', 'up firing'],
    ],
  );
});

test('what cannot be judged leaves everything as it is', () => {
  const undefinedValue = { value: null, volume: 0, absent: true };
  assert.deepEqual(statuses(run({ above: 5, for: 2 }, [6, undefinedValue, 6])), ['pending', '', 'firing']);
  assert.deepEqual(
    statuses(
      run({ above: 5, min_volume: 100 }, [
        { value: 50, volume: 99 },
        { value: 50, volume: 100 },
      ]),
    ),
    ['', 'firing'],
  );
});

test('no events at all are below a limit, whatever the volume asked for', () => {
  assert.deepEqual(statuses(run({ below: 5, min_volume: 3 }, [9, { value: 0, volume: 0, absent: true }].map(atLeast(3)), count)), [
    'clear',
    'firing',
  ]);
});

function atLeast(volume: number): (given: number | Value) => Value {
  return (given) => (typeof given === 'number' ? { value: given, volume } : given);
}

test('a percentage is a share of a ratio whatever its scale, and refused elsewhere', () => {
  assert.equal(run({ above: '5%' }, [6])[0]?.[0]?.threshold, 5);
  assert.equal(run({ above: '5%' }, [6], { ...ratio, scale: 1 })[0]?.[0]?.threshold, 0.05);
  assert.throws(() => run({ above: '5%' }, [], count), { code: 'config_invalid', message: /above: "5%".*count.*above: 100/s });
});

test('limits that contradict each other are refused', () => {
  assert.throws(() => run({ above: 1, below: 2 }, []), { code: 'config_invalid', message: /below less than above/ });
  assert.throws(() => run({ above: 1, clear_below: 2 }, []), { code: 'config_invalid', message: /clear_below: 1 or less/ });
  assert.throws(() => run({ below: 2, clear_above: 1 }, []), { code: 'config_invalid', message: /clear_above: 2 or more/ });
  for (const wrong of [{}, { clear_below: 1, below: 3 }, { clear_above: 1, above: 3 }, { above: 1, for: 0 }, { above: 1, for: '5' }]) {
    assert.equal(thresholdConfig.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});
