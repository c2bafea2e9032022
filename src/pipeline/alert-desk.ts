/** Where the verdicts of one detect entry become alert events: one for each incident, whoever of its segments fire. */
import type { AlertSubject } from '../alerts/alert-facts.ts';
import type { Alerts, AlertStep, AlertWindow } from '../alerts/alerts.ts';
import { speakersOf } from '../alerts/folding.ts';
import type { AlertState, WindowTime } from '../alerts/state-machine.ts';
import { seriesText } from '../alerts/value-text.ts';
import type { Direction, Verdict } from '../detectors/detector.ts';
import type { AlertEvent, AlertLook, AlertMember } from '../receivers/alert-event.ts';
import type { WatchedSeries } from './watched-series.ts';

/** What was judged of one series; `at` is the window with what was in it. */
export interface Judgement {
  readonly series: WatchedSeries;
  readonly at: AlertWindow;
  readonly verdict: Verdict;
  /** It comes from a look at the open window. */
  readonly look?: AlertLook;
}

export interface AlertDesk {
  /** Of one window or one look, in the order of the series. Changes `alerts` of the series, all of which are given back in `touched`. */
  conclude(judgements: readonly Judgement[], at: WindowTime): { events: AlertEvent[]; touched: ReadonlySet<WatchedSeries> };
  /** Ends an alert of which nothing could be judged for long; the record, if there is one to write. */
  lose(series: WatchedSeries, direction: Direction, at: WindowTime): AlertEvent | undefined;
  /** Fires at the time of a restart. */
  restore(series: WatchedSeries): void;
  /** Series of which an alert fires. */
  firing(): Iterable<WatchedSeries>;
}

interface Turn {
  readonly series: WatchedSeries;
  readonly direction: Direction;
  readonly before: AlertState | undefined;
  readonly step: AlertStep;
  readonly look: AlertLook | undefined;
}

const DIRECTIONS: readonly Direction[] = ['down', 'up'];

export function createAlertDesk(
  subject: Omit<AlertSubject, 'direction' | 'labels' | 'naming'>,
  naming: NamingByDirection,
  alerts: Alerts,
): AlertDesk {
  /** By direction: series whose alert fires. */
  const firing = { down: new Set<WatchedSeries>(), up: new Set<WatchedSeries>() };
  /** An alert was lost: those that it spoke for have to be asked. */
  let isOrphaned = false;

  function subjectOf(series: WatchedSeries, direction: Direction): AlertSubject {
    return { ...subject, direction, labels: series.labels, naming: naming?.[direction] ?? {} };
  }

  function setAlert(series: WatchedSeries, direction: Direction, state: AlertState | undefined): void {
    const { [direction]: _, ...others } = series.alerts;
    series.alerts = state ? { ...others, [direction]: state } : others;
    if (state?.status === 'firing') firing[direction].add(series);
    else firing[direction].delete(series);
  }

  function turnOf({ series, at, verdict, look }: Judgement): Turn | undefined {
    const { direction } = verdict;
    const before = series.alerts[direction];
    if (!before && verdict.status === 'clear') return undefined;
    const step = alerts.judge(before, subjectOf(series, direction), verdict, at);
    setAlert(series, direction, look && step.state ? { ...step.state, looked: true } : step.state);
    return { series, direction, before, step, look };
  }

  /** Finds out who speaks for whom, now that some began and some ended. Gives the series it changed. */
  function fold(direction: Direction, turns: readonly Turn[], at: WindowTime): WatchedSeries[] {
    const fresh = new Set(turns.filter(({ step }) => step.change === 'fired').map(({ series }) => series));
    const speakers = speakersOf(
      [...firing[direction]].map((series) => {
        const { id = '', effect, partOf } = series.alerts[direction]!;
        return { id, labels: series.labels, effect, partOf, isNew: fresh.has(series) };
      }),
    );
    const changed: WatchedSeries[] = [];
    for (const series of firing[direction]) {
      const { partOf: was, ...state } = series.alerts[direction]!;
      const partOf = speakers.get(state.id ?? '');
      if (partOf === was) continue;
      // Left alone by its speaker it rings as a reminder, and not before one is due.
      const next: AlertState = partOf === undefined ? { ...state, rang: at.endMs } : { ...state, partOf };
      setAlert(series, direction, next);
      changed.push(series);
    }
    return changed;
  }

  /** A folded alert has not rung: as if the bell had not been touched. */
  function muffle({ series, direction, before, step }: Turn): void {
    const state = series.alerts[direction];
    if (state?.partOf === undefined || (step.change !== 'fired' && step.change !== 'repeated')) return;
    setAlert(series, direction, { ...state, rang: before?.rang ?? null, repeats: step.change === 'fired' ? 0 : (before?.repeats ?? 0) });
  }

  function membersOf(id: string | undefined, direction: Direction): AlertMember[] {
    const members = [...firing[direction]].filter((series) => id !== undefined && series.alerts[direction]?.partOf === id);
    return members.sort((a, b) => (a.key < b.key ? -1 : 1)).map((series) => memberOf(series, direction));
  }

  function memberOf(series: WatchedSeries, direction: Direction): AlertMember {
    const { id = '', since, rang } = series.alerts[direction]!;
    return {
      alert_id: id,
      labels: series.labels,
      series: seriesText(subject.measure.name, series.labels),
      since: new Date(since).toISOString(),
      told: rang !== null && rang > since,
    };
  }

  function eventOf({ series, direction, before, step, look }: Turn): AlertEvent | undefined {
    if (step.change === undefined) return undefined;
    if (step.change === 'resolved') return step.write(before?.partOf === undefined ? {} : { partOf: before.partOf });
    const { partOf, id } = series.alerts[direction]!;
    if (partOf !== undefined) return step.change === 'fired' ? step.write({ partOf, ...(look && { look }) }) : undefined;
    return step.write({ members: membersOf(id, direction), ...(look && { look }) });
  }

  return {
    conclude(judgements, at) {
      const turns = judgements.map(turnOf).filter((turn) => turn !== undefined);
      const touched = new Set(turns.map(({ series }) => series));
      for (const direction of DIRECTIONS) {
        const own = turns.filter((turn) => turn.direction === direction);
        const asks = isOrphaned || own.some(({ step }) => step.change === 'fired' || step.change === 'resolved');
        if (asks) for (const series of fold(direction, own, at)) touched.add(series);
      }
      isOrphaned = false;
      turns.forEach(muffle);
      return { events: turns.map(eventOf).filter((event) => event !== undefined), touched };
    },
    lose(series, direction, at) {
      const state = series.alerts[direction];
      if (!state) return undefined;
      const step = alerts.lose(state, subjectOf(series, direction), at);
      setAlert(series, direction, undefined);
      isOrphaned = true;
      return step.change === undefined ? undefined : step.write(state.partOf === undefined ? {} : { partOf: state.partOf });
    },
    restore(series) {
      for (const direction of DIRECTIONS) if (series.alerts[direction]?.status === 'firing') firing[direction].add(series);
    },
    firing: () => new Set([...firing.down, ...firing.up]),
  };
}

type NamingByDirection = { readonly [direction in Direction]?: AlertSubject['naming'] } | undefined;
