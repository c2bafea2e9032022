/**
 * Alerts that fire though no detect entry watches their series any more. What the file left out was not put right: each ends, as no
 * all-clear, with the next window that closes. Until then its state stays where it is, so that a crash in between loses no end.
 */
import type { Alerts } from '../../alerts/alerts.ts';
import type { AlertSubject } from '../../alerts/alert-facts.ts';
import type { AlertState, WindowTime } from '../../alerts/state-machine.ts';
import type { Labels } from '../../core/labels.ts';
import { DIRECTIONS, type Direction } from '../../detectors/detector.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';
import type { MonitorSpec } from './monitor-spec.ts';
import { labelsOfKey, type SeriesRecord, type StateBook, type StateName } from './monitor-state.ts';

export type SeriesName = Extract<StateName, { readonly kind: 'series' }>;

export interface Unwatched {
  /**
   * Takes in what is left of a series. `orphan`: of the detect entry that still watches others of its series, for whom the alert may have
   * spoken: both belong to one window then. False: nothing of it fires.
   */
  take(name: SeriesName, record: SeriesRecord, orphan?: () => void): boolean;
  /** The ends that belong to the window that closes. */
  end(window: string, at: WindowTime): AlertEvent[];
}

interface Left {
  readonly name: SeriesName;
  readonly alerts: NonNullable<SeriesRecord['alerts']>;
  readonly orphan: (() => void) | undefined;
}

export function createUnwatched(spec: MonitorSpec, alerts: Alerts, book: Pick<StateBook, 'set'>): Unwatched {
  let left: Left[] = [];

  function endOf({ name, alerts: states, orphan }: Left, at: WindowTime): AlertEvent[] {
    book.set(name, undefined);
    orphan?.();
    return DIRECTIONS.flatMap((direction) => {
      const state = states[direction];
      if (state?.status !== 'firing') return [];
      const partOf = state.partOf ?? state.alone?.formerly;
      return [alerts.lose(state, subjectOf(spec, name, direction, state), at, true).write(partOf === undefined ? {} : { partOf })];
    });
  }

  return {
    take(name, { alerts: states }, orphan) {
      if (!states || !DIRECTIONS.some((direction) => states[direction]?.status === 'firing')) return false;
      left.push({ name, alerts: states, orphan });
      return true;
    },
    end(window, at) {
      if (left.length === 0) return [];
      const ending = left.filter(({ name, orphan }) => orphan === undefined || name.entry[2] === window);
      left = left.filter((one) => !ending.includes(one));
      return ending.sort(byName).flatMap((one) => endOf(one, at));
    },
  };
}

/** As it was called when it rang; the file may have forgotten measure and window too. */
function subjectOf(spec: MonitorSpec, { entry, labelsKey }: SeriesName, direction: Direction, { called }: AlertState): AlertSubject {
  const [detector = '', measure = '', window = ''] = entry;
  const { pipeline, dimensions, falseAlarmsPerDay } = spec;
  const unit = called?.unit ?? null;
  const forgotten = { kind: 'count', name: measure, source: '', where: [], ...(unit !== null && { unit }) } as const;
  return {
    pipeline,
    detector,
    measure: spec.measures.find(({ name }) => name === measure) ?? forgotten,
    window: spec.windows.find(({ name }) => name === window) ?? { name: window, sizeMs: 0, slideMs: 0 },
    direction,
    labels: inOrder(labelsOfKey(labelsKey), dimensions),
    metricName: called?.metric ?? measure,
    naming: called ? { alertType: called.type } : {},
    falseAlarmsPerDay,
  };
}

/** What the file does not know any more comes last. */
function inOrder(labels: Labels, dimensions: readonly string[]): Labels {
  const known = dimensions.filter((name) => labels[name] !== undefined).map((name) => [name, labels[name]!]);
  return { ...Object.fromEntries(known), ...labels };
}

/** In one order, whatever the order of the state. */
function byName(a: Left, b: Left): number {
  return nameOf(a) < nameOf(b) ? -1 : 1;
}

function nameOf({ name: { entry, labelsKey } }: Left): string {
  return JSON.stringify([...entry, labelsKey]);
}
