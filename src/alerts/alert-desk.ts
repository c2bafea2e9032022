/** Where the verdicts of one detect entry become alert events: one for each incident, whoever of its segments fire. */
import type { AlertSubject } from './alert-facts.ts';
import type { AlertJudge, AlertStep, AlertWindow } from './alert-step.ts';
import type { FiringAlert } from './explains.ts';
import { speakersOf } from './folding.ts';
import type { AlertChange, AlertState, WindowTime } from './state-machine.ts';
import { seriesText } from './value-text.ts';
import { DIRECTIONS, type Direction, type Verdict } from '../detectors/detector.ts';
import type { Labels } from '../core/labels.ts';
import { createPace, mapped, sorted, type Sliced } from '../core/slices.ts';
import type { AlertEvent, AlertLook, AlertMember } from '../receivers/alert-event.ts';

/** A series as far as its alerts go. */
export interface AlertSeries {
  /** Tells it from the others of its entry; sorts them. */
  readonly key: string;
  /** In the order of the pipeline's dimensions. */
  readonly labels: Labels;
  alerts: SeriesAlerts;
}

export type SeriesAlerts = { readonly [direction in Direction]?: AlertState };

/** What was judged of one series; `at` is the window with what was in it. */
export interface Judgement<Series extends AlertSeries> {
  readonly series: Series;
  readonly at: AlertWindow;
  readonly verdict: Verdict;
  /** It comes from a look at the open window. */
  readonly look?: AlertLook;
}

export interface Conclusion<Series> {
  readonly events: AlertEvent[];
  readonly touched: ReadonlySet<Series>;
}

/** Thousands may ring at once: they are concluded in slices, and nothing else is asked of the desk meanwhile. */
export interface AlertDesk<Series extends AlertSeries> {
  /** Of one window or one look, in the order of the series. Changes `alerts` of the series that it gives back in `touched`. */
  conclude(judgements: readonly Judgement<Series>[], at: WindowTime): Sliced<Conclusion<Series>>;
  /** Ends an alert of which nothing could be judged for long, or which is not watched any more; the record, if there is one to write. */
  lose(series: Series, direction: Direction, at: WindowTime, isUnwatched?: boolean): AlertEvent | undefined;
  /** An alert of its series ended elsewhere: those that it spoke for have to be asked. */
  orphan(): void;
  /** An alert was lost: `conclude` has something to do also where nothing was judged. */
  readonly isOrphaned: boolean;
  /** Goes on with the alerts of a series after a restart. */
  restore(series: Series): void;
}

/** What is the same for all series of an entry. */
export type DeskSubject = Omit<AlertSubject, 'direction' | 'labels' | 'naming'>;
export type DeskNaming = { readonly [direction in Direction]?: AlertSubject['naming'] } | undefined;

interface Turn<Series> {
  readonly series: Series;
  readonly direction: Direction;
  readonly before: AlertState | undefined;
  readonly step: AlertStep;
  readonly look: AlertLook | undefined;
}

/** Of an effect without any event, for its logarithm. */
const RATIO_LEAST = 0.05;

export function createAlertDesk<Series extends AlertSeries>(
  subject: DeskSubject,
  naming: DeskNaming,
  alerts: AlertJudge,
): AlertDesk<Series> {
  /** By direction: series whose alert fires. */
  const firing = { down: new Set<Series>(), up: new Set<Series>() };
  /** Made for one conclusion, and only where somebody asks. */
  type Company = { [direction in Direction]?: ReadonlyMap<string, readonly Series[]> };
  /** An alert was lost: those that it spoke for have to be asked. */
  let isOrphaned = false;
  const isSliceDone = createPace();

  function subjectOf(series: Series, direction: Direction): AlertSubject {
    return { ...subject, direction, labels: series.labels, naming: naming?.[direction] ?? {} };
  }

  function setAlert(series: Series, direction: Direction, state: AlertState | undefined): void {
    const { [direction]: _, ...others } = series.alerts;
    series.alerts = state ? { ...others, [direction]: state } : others;
    if (state?.status === 'firing') firing[direction].add(series);
    else firing[direction].delete(series);
  }

  function turnOf({ series, at, verdict, look }: Judgement<Series>): Turn<Series> | undefined {
    const { direction } = verdict;
    const before = series.alerts[direction];
    if (!before && verdict.status === 'clear') return undefined;
    const step = alerts.judge(before, subjectOf(series, direction), verdict, at);
    const silentFrom = look?.open_from === undefined ? undefined : (verdict.grounds?.sinceMs ?? at.startMs);
    const rung = look && { looked: true as const, ...(silentFrom !== undefined && { silentFrom }) };
    setAlert(series, direction, step.state && { ...step.state, ...rung });
    return { series, direction, before, step, look };
  }

  /** Finds out who speaks for whom, now that some began and some ended. Gives the series it changed. */
  function* fold(direction: Direction, turns: readonly Turn<Series>[], at: WindowTime): Sliced<Series[]> {
    const fresh = new Set(turns.filter(({ step }) => step.change === 'fired').map(({ series }) => series));
    const all = [...firing[direction]];
    const alertOf = (series: Series): FiringAlert => {
      const { id = '', effect, partOf } = series.alerts[direction]!;
      return { id, labels: series.labels, effect, partOf, isNew: fresh.has(series) };
    };
    const speakers = yield* speakersOf(yield* mapped(all, alertOf));
    const changed: Series[] = [];
    for (const series of all) {
      if (isSliceDone()) yield;
      const { partOf: was, ...state } = series.alerts[direction]!;
      const partOf = speakers.get(state.id ?? '');
      if (partOf === was) continue;
      if (partOf !== undefined) setAlert(series, direction, { ...state, partOf });
      else if (was !== undefined) setAlert(series, direction, left(state, was, speakers.has(was), at));
      changed.push(series);
    }
    return changed;
  }

  /** Left alone by its speaker it rings as a reminder, and not before one is due. Keys of which its speaker goes on without telling are news: they do not wait. */
  function left(before: AlertState, formerly: string, goesOn: boolean, { endMs }: WindowTime): AlertState {
    const { alone: _, ...state } = before;
    if (goesOn && state.effect?.keys) return state;
    return { ...state, alone: { formerly, seen: 0, expected: 0 }, rang: endMs };
  }

  /**
   * A folded alert has not rung: as if the bell had not been touched. One that rings by itself belongs to nobody any more. What of an alert is
   * not told now, that it has become graver too, is still to be told.
   */
  function muffle({ series, direction, before, step: { change } }: Turn<Series>): void {
    const state = series.alerts[direction];
    if (!state || change === undefined || change === 'resolved') return;
    const rang = state.partOf === undefined ? state.rang : (before?.rang ?? null);
    if (isUntold(change, before, state)) {
      const { repeats = 0, severity = null } = before ?? {};
      setAlert(series, direction, { ...state, rang, repeats, severity: severity ?? state.severity });
    } else if (state.partOf !== undefined) {
      if (change === 'fired') setAlert(series, direction, { ...state, rang, repeats: 0 });
    } else if (change !== 'worsened') {
      const { alone: _, ...own } = state;
      setAlert(series, direction, own);
    }
  }

  /** By the id of who speaks for them, all that are folded. */
  function* companyIn(direction: Direction): Sliced<ReadonlyMap<string, readonly Series[]>> {
    const company = new Map<string, Series[]>();
    for (const series of firing[direction]) {
      if (isSliceDone()) yield;
      const id = series.alerts[direction]?.partOf;
      if (id === undefined) continue;
      const own = company.get(id);
      if (own) own.push(series);
      else company.set(id, [series]);
    }
    return company;
  }

  function* membersOf(id: string | undefined, direction: Direction, company: Company): Sliced<AlertMember[]> {
    if (id === undefined) return [];
    const members = (company[direction] ??= yield* companyIn(direction)).get(id) ?? [];
    return yield* mapped(yield* sorted(members, byKey), (series) => memberOf(series, direction));
  }

  function memberOf(series: Series, direction: Direction): AlertMember {
    const { id = '', since, lastsSince = since, severity, rang, alone } = series.alerts[direction]!;
    return {
      alert_id: id,
      labels: series.labels,
      series: seriesText(subject.measure.name, series.labels),
      since: new Date(lastsSince).toISOString(),
      ...(severity && { severity }),
      told: rang !== null && rang > since && alone === undefined,
    };
  }

  function* eventOf({ series, direction, before, step, look }: Turn<Series>, company: Company): Sliced<AlertEvent | undefined> {
    if (step.change === undefined) return undefined;
    if (step.change === 'resolved') return step.write(formerCompany(before));
    const state = series.alerts[direction]!;
    const { partOf, id } = state;
    if (isUntold(step.change, before, state)) return undefined;
    // One that becomes graver than who speaks for it is news to those whom that one is not grave enough for.
    if (partOf !== undefined) return step.write({ partOf, ...(look && { look }) });
    return step.write({ members: yield* membersOf(id, direction, company), ...(look && { look }) });
  }

  return {
    *conclude(judgements, at) {
      const turns = (yield* mapped(judgements, turnOf)).filter((turn) => turn !== undefined);
      const touched = new Set(turns.map(({ series }) => series));
      for (const direction of DIRECTIONS) {
        const own = turns.filter((turn) => turn.direction === direction);
        if (isOrphaned || own.some(mayChangeSpeakers)) for (const series of yield* fold(direction, own, at)) touched.add(series);
      }
      isOrphaned = false;
      yield* mapped(turns, muffle);
      const company: Company = {};
      const events: AlertEvent[] = [];
      for (const turn of turns) {
        if (isSliceDone()) yield;
        const event = yield* eventOf(turn, company);
        if (event) events.push(event);
      }
      return { events, touched };
    },
    lose(series, direction, at, isUnwatched) {
      const state = series.alerts[direction];
      if (!state) return undefined;
      const step = alerts.lose(state, subjectOf(series, direction), at, isUnwatched);
      setAlert(series, direction, undefined);
      isOrphaned = true;
      return step.change === undefined ? undefined : step.write(formerCompany(state));
    },
    orphan() {
      isOrphaned = true;
    },
    get isOrphaned() {
      return isOrphaned;
    },
    restore(series) {
      for (const direction of DIRECTIONS) if (series.alerts[direction]?.status === 'firing') firing[direction].add(series);
    },
  };
}

function byKey(a: AlertSeries, b: AlertSeries): number {
  return a.key < b.key ? -1 : 1;
}

/** Who is folded for its keys is asked in each window: it may name others by now. */
function mayChangeSpeakers({ before, step }: Turn<AlertSeries>): boolean {
  return step.change === 'fired' || step.change === 'resolved' || (before?.partOf !== undefined && before.effect?.keys !== undefined);
}

/** No reminder comes of an alert that another one speaks for. */
function isUntold(change: AlertChange, before: AlertState | undefined, state: AlertState): boolean {
  return isQuiet(before, state) || (change === 'repeated' && state.partOf !== undefined);
}

/** Its speaker has just ended, or it is since then more like what was expected than like what it rang for: it only takes longer to be sure. */
function isQuiet(before: AlertState | undefined, { alone, effect }: AlertState): boolean {
  if (!alone || !effect) return false;
  if (before?.partOf !== undefined) return true;
  // By a rule: what fires is in trouble.
  if (effect.keys) return false;
  if (alone.expected <= 0) return true;
  const now = Math.abs(Math.log((alone.seen + 0.5) / (alone.expected + 0.5)));
  return now < Math.abs(Math.log(Math.max(effect.ratio, RATIO_LEAST))) / 2;
}

/** An end belongs to whoever spoke for the alert last, if it has not rung by itself since. */
function formerCompany(state: AlertState | undefined): { partOf?: string } {
  const partOf = state?.partOf ?? state?.alone?.formerly;
  return partOf === undefined ? {} : { partOf };
}
