import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createField } from './field.ts';
import { At, Status } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';

const MINUTE = 60_000;
const STEP = 600;

test('a new level is learnt of minutes that are known whole, wherever in a block the episode ended', () => {
  const settings = { windowMs: MINUTE, hasExposure: false, habits: true, drop: 0.5, rise: 2, falseAlarmsPerDay: 1, tests: 2 };
  const model = createModel({ ...settings, profile: profileOf('events', false) });
  const { grid, layout } = model;
  for (let late = 0; late < grid.blockSlots; late++) {
    const field = createField(model);
    const state = field.bear(grid.slotAt(0));
    const { numbers } = state;
    let learnt = 0;
    for (let window = 0; window < STEP + 120; window++) {
      const slot = grid.slotAt(window);
      const rate = window < STEP + late ? 200 : 600;
      field.begin(slot, 1);
      field.enter(state, slot, rate, 1);
      field.judge(state, slot, true, true);
      if (window < STEP + 20 || numbers[At.status] !== Status.calm) continue;
      for (let block = 0; block < grid.pendingBlocks; block++) {
        const seen = numbers[layout.pendingSeen + block]!;
        assert.equal(seen, 600 * numbers[layout.pendingExposure + block]!, `${late} minutes later`);
        if (seen > 0) learnt++;
      }
    }
    assert.ok(learnt > 0, 'it went on');
  }
});
