/**
 * The detector where rows come one at a time, all series of a window before the next window's, and nobody says when a
 * window is over: the next one's first row does. An alarm that may be a common shift of this window waits for that.
 */
import type { Direction } from '../detector.ts';
import { createField } from './field.ts';
import { At, Status, bounded, bytesOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import { createModel } from './model.ts';
import { profileOf } from './profile.ts';

export interface EvidenceRowsSettings {
  readonly windowMs: number;
  /** How many series there will be, numbered from 0. */
  readonly series: number;
  readonly falseAlarmsPerDay: number;
  readonly tests: number;
  readonly adds: 'events' | 'amounts';
  readonly hasExposure: boolean;
  /** Smallest changes worth a bell, as shares: 0.5 is half below, 1 is twice; undefined: not watched. */
  readonly down?: number;
  readonly up?: number;
}

export interface EvidenceRows {
  /** Window number `window` of a series: the direction of its alarm while one is on. `events`: that an amount without exposure is the sum of; by default one a slot. */
  observe(series: number, window: number, amount: number, exposure: number, events?: number): Direction | undefined;
  readonly stateBytes: number;
}

export function createEvidenceRows(settings: EvidenceRowsSettings): EvidenceRows {
  const model = createModel({
    windowMs: settings.windowMs,
    profile: profileOf(settings.adds, settings.hasExposure),
    hasExposure: settings.hasExposure,
    habits: true,
    drop: settings.down === undefined ? undefined : 1 - settings.down,
    rise: settings.up === undefined ? undefined : 1 + settings.up,
    falseAlarmsPerDay: settings.falseAlarmsPerDay,
    tests: settings.tests,
  });
  const field = createField(model);
  const { slotAt, filledBy } = model.grid;
  const groups = [field.common.addGroup()];
  const states: (SeriesState | undefined)[] = Array.from({ length: settings.series });
  /** Series entered in the window at hand, the first `count`, and those among them whose alarm waits for its end. */
  const entered: SeriesState[] = [];
  let count = 0;
  const waiting: SeriesState[] = [];
  let current = -1;
  let slot = -1;
  let filled = 1;

  function begin(window: number): void {
    if (current >= 0) endWindow();
    count = waiting.length = 0;
    slot = slotAt(window);
    filled = filledBy(window);
    field.begin(slot, settings.series);
    current = window;
  }

  function endWindow(): void {
    const shifts = field.settle();
    if (shifts) for (let i = 0; i < count; i++) field.apply(entered[i]!, slot, shifts);
    for (const state of waiting) field.judge(state, slot, filled, true);
  }

  return {
    stateBytes: bytesOf(model.layout),
    observe(series, window, amount, exposure, events) {
      if (window !== current) begin(window);
      let state = states[series];
      if (!state) {
        state = states[series] = field.bear(slot);
        state.groups = groups;
      }
      entered[count++] = state;
      field.enter(state, slot, bounded(amount), bounded(exposure), events);
      if (!field.judge(state, slot, filled, false)) {
        if (field.common.mustWait(groups)) waiting.push(state);
        else field.judge(state, slot, filled, true);
      }
      const status = state.numbers[At.status];
      if (status === Status.drop) return 'down';
      return status === Status.rise ? 'up' : undefined;
    },
  };
}
