import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, type Random } from '../../core/random.ts';
import { createField } from './field.ts';
import type { Field } from './field.ts';
import { emptyState } from './layout.ts';
import type { SeriesState } from './layout.ts';
import { createModel } from './model.ts';
import type { Model } from './model.ts';
import { profileOf } from './profile.ts';

const DAY = 1_440;
const MINUTES = DAY + 60;

const FORMS = [
  { name: 'rate', adds: 'events', hasExposure: true },
  { name: 'count', adds: 'events', hasExposure: false },
  { name: 'money per exposure', adds: 'amounts', hasExposure: true },
  { name: 'money', adds: 'amounts', hasExposure: false },
] as const;

interface Watched {
  readonly model: Model;
  readonly field: Field;
  readonly state: SeriesState;
  /** Slot of a minute. */
  slotOf(minute: number): number;
  observe(minute: number, amount: number, exposure: number): void;
}

function watch({ adds, hasExposure }: (typeof FORMS)[number]): Watched {
  const profile = profileOf(adds, hasExposure);
  const share = { hasExposure, habits: true, drop: 0.5, rise: 2, falseAlarmsPerDay: 10, tests: 2 };
  const model = createModel({ windowMs: 60_000, profile, ...share });
  const field = createField(model);
  const slotOf = (minute: number): number => model.grid.slotAt(minute);
  const state = field.bear(slotOf(0));
  state.groups = [];
  return {
    model,
    field,
    state,
    slotOf,
    observe(minute, amount, exposure) {
      field.begin(slotOf(minute), 1);
      field.enter(state, slotOf(minute), amount, exposure);
      field.settle();
      field.judge(state, slotOf(minute), 1, true);
    },
  };
}

/** What a look at these values makes of the state: in one piece. */
function looked({ model, field, state, slotOf }: Watched, minute: number, amount: number, exposure: number): Buffer {
  const copy = emptyState(model.layout);
  field.look(state, copy, slotOf(minute), 1, amount, exposure);
  return Buffer.from(copy.bytes);
}

for (const form of FORMS) {
  const exposureOf = (exposure: number): number => (form.hasExposure ? exposure : 1);
  const valueOf = (random: Random, spread = 0.3): number =>
    form.adds === 'events' ? random.poisson(20) : random.poisson(20) * Math.exp(spread * random.normal());

  test(`${form.name}: values that may not rise hold no evidence of a rise; most that come are such`, () => {
    const watched = watch(form);
    const random = createRandom(3);
    let passed = 0;
    let found = 0;
    for (let minute = 0; minute < MINUTES; minute++) {
      const exposure = exposureOf(random.poisson(1_000));
      for (const factor of minute < DAY ? [] : [0.1, 0.5, 1, 1.3, 1.6, 2, 5]) {
        const amount = factor * valueOf(random);
        const may = watched.field.mayRise(watched.state, watched.slotOf(minute), amount, exposure);
        looked(watched, minute, amount, exposure);
        const { log } = watched.field.scan.rise;
        if (!may) assert.equal(log, -Infinity, `minute ${minute}, ${amount}`);
        if (!may) passed++;
        if (log > -Infinity) found++;
      }
      // Of money a rise takes some minutes to be one.
      const isRising = minute >= DAY && minute % 15 > 6;
      watched.observe(minute, (isRising ? 2 : 1) * valueOf(random), exposure);
    }
    assert.ok(passed > 100 && found > 10, `${passed} passed by, evidence in ${found}`);
  });

  test(`${form.name}: a look is not changed by the looks before it`, () => {
    const [once, often] = [watch(form), watch(form)];
    const random = createRandom(4);
    for (let minute = 0; minute < MINUTES; minute++) {
      // Rough enough for its skew to say something.
      const [amount, exposure] = [valueOf(random, 1), exposureOf(random.poisson(1_000))];
      if (minute % 60 === 0) {
        for (let look = 0; look < 20; look++) looked(often, minute, look * amount, exposure);
        assert.deepEqual(looked(often, minute, 3 * amount, exposure), looked(once, minute, 3 * amount, exposure), `minute ${minute}`);
      }
      once.observe(minute, amount, exposure);
      often.observe(minute, amount, exposure);
    }
  });
}
