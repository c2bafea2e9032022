/** What every detector must hold, whatever it detects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../support/fast-check.ts';
import { z } from 'zod';
import type { Detector, DetectorContext, DetectorKind, Observation, Parts, Verdict } from '../../src/detectors/detector.ts';

const MINUTE = 60_000;
/** JSON bytes of one series' state, unless a detector states a limit of its own. */
const STATE_BYTES_MAX = 4_096;

/** Values of some series (by column) in some windows (by row); undefined: the series has no row. */
type Values = readonly (readonly (number | null | undefined)[])[];

const valuesArbitrary = fc.array(
  fc.array(fc.oneof(fc.constantFrom(null, undefined, 0, -0, 1, 5, 10), fc.double({ min: -1e6, max: 1e12, noNaN: true })), {
    minLength: 3,
    maxLength: 3,
  }),
  { maxLength: 25 },
);

/** `settings` as in the pipeline file. */
export function testDetector(kind: DetectorKind, settings: object, context: DetectorContext, stateBytesMax = STATE_BYTES_MAX): void {
  const make = (): Detector => kind.create(kind.config.parse(settings), context);
  const title = (text: string): string => `${kind.name} ${JSON.stringify(settings)}: ${text}`;

  test(title('every setting is described, and unknown ones are refused'), () => {
    const schema = z.toJSONSchema(kind.config, { io: 'input' }) as { properties: Record<string, { description?: string }> };
    assert.ok(Object.keys(schema.properties).length > 0);
    for (const [name, field] of Object.entries(schema.properties)) assert.ok((field.description ?? '').length > 20, name);
    assert.equal(kind.config.safeParse({ ...settings, no_such_setting: 1 }).success, false);
  });

  test(title('gives a step for each series, with sound verdicts'), () => {
    fc.assert(
      fc.property(valuesArbitrary, (values) => {
        for (const { steps, inputs } of run(make(), values)) {
          assert.equal(steps.length, inputs.length);
          for (const { verdicts } of steps) {
            assert.equal(new Set(verdicts.map((verdict) => verdict.direction)).size, verdicts.length);
            for (const { observed, expected, threshold } of verdicts) assert.ok([observed, expected, threshold].every(Number.isFinite));
          }
        }
      }),
    );
  });

  test(title('its state survives being written, and nothing it is given is changed but states that it owns'), () => {
    fc.assert(
      fc.property(valuesArbitrary, (values) => {
        const detector = make();
        const { stateForm, stateVersion } = detector;
        const rewrite = (state: unknown): unknown =>
          stateForm && state !== undefined ? stateForm.decode(stateForm.encode(state), stateVersion) : frozenCopy(state);
        assert.deepEqual(run(make(), values, rewrite).map(resultOf), run(detector, values).map(resultOf));
      }),
    );
  });

  test(title('of a series without an alert only what is clear may be left unsaid, and its state is the same'), () => {
    fc.assert(
      fc.property(valuesArbitrary, (values) => {
        const rounds = run(make(), values);
        const calm = run(make(), values, undefined, true);
        assert.deepEqual(
          calm.map(({ written }) => written),
          rounds.map(({ written }) => written),
        );
        const news = (all: readonly Round[]) =>
          all.map(({ steps }) => steps.map(({ verdicts }) => verdicts.filter(({ status }) => status !== 'clear')));
        assert.deepEqual(news(calm), news(rounds));
      }),
    );
  });

  test(title('what rings, lasts and ends is said of series without an alert too, as if nothing were left out'), () => {
    const news = newsOf(make(), BROKEN, false);
    assert.deepEqual(newsOf(make(), BROKEN, true), news);
    if (HEARS_NONE.includes(kind.name)) return;
    const statuses = news.map(({ verdict }) => verdict.status);
    assert.ok(statuses.includes('firing') && statuses.includes('clear'), 'it rings, and ends');
  });

  test(title('the order of the series does not matter, but for rounding'), () => {
    fc.assert(
      fc.property(valuesArbitrary, (values) => {
        const verdicts = (rounds: readonly Round[]) => rounds.map(({ steps }) => steps.map((step) => rounded(step.verdicts)));
        const forth = verdicts(run(make(), values));
        const back = verdicts(
          run(
            make(),
            values.map((row) => row.toReversed()),
          ),
        );
        assert.deepEqual(
          back.map((steps) => steps.toReversed()),
          forth,
        );
      }),
    );
  });

  test(title('its state stays small'), () => {
    const values = Array.from({ length: 500 }, (_, index) => [index % 7, index / 3, 1_000_000 + Math.sin(index)]);
    const detector = make();
    const last = run(detector, values).at(-1);
    for (const { state } of last?.steps ?? []) assert.ok(sizeOf(writtenState(detector, state)) <= stateBytesMax);
  });
}

/** Of these a detector that looks at keys, or holds values of a dimension against each other, hears nothing. */
const HEARS_NONE = ['frequency', 'mix', 'experiment'];
const DAY_WINDOWS = 1_440;

/** A week as ever, then a quarter of a day of little, of nothing and of much in the first series, and a day as before. */
const BROKEN: Values = Array.from({ length: 8.25 * DAY_WINDOWS }, (_, window) => {
  const usual = 0.3 + 0.02 * ((window * 7) % 5);
  const since = window - 7 * DAY_WINDOWS;
  const isBroken = since >= 0 && since < DAY_WINDOWS / 4;
  return [isBroken ? ([0.02, 0, 30] as const)[Math.floor(since / (DAY_WINDOWS / 12))]! : usual, usual, 0.5];
});

interface News {
  readonly window: number;
  readonly series: number;
  readonly verdict: Verdict;
}

/** All verdicts but those that are plainly clear of what was not on. `tellsCalm`: the detector is told which series those are. */
function newsOf(detector: Detector, values: Values, tellsCalm: boolean): News[] {
  const news: News[] = [];
  const states: unknown[] = [];
  const on = values[0]!.map(() => new Set<string>());
  let shared: unknown;
  values.forEach((row, window) => {
    const inputs = row.map((value, series) => {
      const isCalm = tellsCalm && on[series]!.size === 0;
      return { state: states[series], observation: observation(window, value), ...(isCalm && { isCalm }) };
    });
    const result = detector.observeWindow(inputs, shared);
    shared = result.shared;
    result.steps.forEach(({ state, verdicts }, series) => {
      states[series] = state;
      for (const verdict of verdicts) {
        const { direction, status, isLasting, isUnseen } = verdict;
        if (status !== 'clear' || isLasting || isUnseen || on[series]!.has(direction)) news.push({ window, series, verdict });
        if (status === 'clear') on[series]!.delete(direction);
        else on[series]!.add(direction);
      }
    });
  });
  return news;
}

interface Round {
  readonly inputs: readonly unknown[];
  /** Of each step, the state as it is written. */
  readonly written: readonly unknown[];
  readonly steps: readonly { readonly state: unknown; readonly verdicts: readonly Verdict[] }[];
}

function run(detector: Detector, values: Values, rewrite: (state: unknown) => unknown = (state) => state, isCalm = false): Round[] {
  const states = new Map<number, unknown>();
  let shared: unknown;
  return values.map((row, window) => {
    const seen = row.flatMap((value, series) =>
      value === undefined && !(detector.seesAbsent && states.has(series)) ? [] : [{ value, series }],
    );
    const inputs = seen.map(({ value, series }) => {
      const input = { state: states.get(series), observation: freeze(observation(window, value)), isCalm };
      return detector.stateForm ? input : freeze(input);
    });
    const result = detector.observeWindow(inputs, shared);
    shared = frozenCopy(result.shared);
    seen.forEach(({ series }, index) => states.set(series, rewrite(result.steps[index]?.state)));
    return { inputs, steps: result.steps, written: result.steps.map(({ state }) => writtenState(detector, state)) };
  });
}

function observation(window: number, value: number | null | undefined): Observation {
  const time = { startMs: window * MINUTE, endMs: (window + 1) * MINUTE };
  return {
    ...time,
    labels: {},
    value: value ?? null,
    volume: value === undefined ? 0 : 10,
    absent: value === undefined,
    parts: partsOf(value),
  };
}

function resultOf({ steps, written }: Round): unknown {
  return steps.map(({ verdicts }, index) => ({ verdicts, state: written[index] }));
}

/** As of a ratio with the scale 1 and 10 in the denominator. */
function partsOf(value: number | null | undefined): Parts {
  return { amount: Math.max(0, value ?? 0) * 10, exposure: value === undefined || value === null ? 0 : 10 };
}

/** Copied: what is encoded is valid until the next state is. */
function writtenState({ stateForm }: Detector, state: unknown): unknown {
  return stateForm && state !== undefined ? Buffer.from(stateForm.encode(state)) : state;
}

function sizeOf(written: unknown): number {
  return written instanceof Uint8Array ? written.length : JSON.stringify(written ?? null).length;
}

function frozenCopy(value: unknown): unknown {
  return value === undefined ? undefined : freeze(JSON.parse(JSON.stringify(value)));
}

/** Sums over series in another order differ in their last digits. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'number' ? Number(inner.toPrecision(6)) : inner)));
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
