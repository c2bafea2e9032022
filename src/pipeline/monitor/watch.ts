/** One detect entry at work: its detector on the rows of closed windows, and on those of the open one where it may look. */
import type { Judgement } from '../../alerts/alert-desk.ts';
import type { Alerts } from '../../alerts/alerts.ts';
import type { AlertState, WindowTime } from '../../alerts/state-machine.ts';
import { AppError } from '../../core/errors.ts';
import { labelsKey, type Labels } from '../../core/labels.ts';
import { createPace, done, mapped, type Sliced } from '../../core/slices.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import { DIRECTIONS } from '../../detectors/detector.ts';
import type {
  DetectorContext,
  DetectorKind,
  Direction,
  Observation,
  SeriesInput,
  Step,
  Verdict,
  WindowSteps,
} from '../../detectors/detector.ts';
import type { StateChange } from '../../log/log.ts';
import type { AlertEvent, AlertLook } from '../../receivers/alert-event.ts';
import type { MeasureSpec, WindowSpec } from '../../windows/spec.ts';
import { addedBy, budgetTests, groupingsOf, isOfTwoSources, type DetectEntry, type MonitorSpec } from './monitor-spec.ts';
import { meaningOf } from './measure-meaning.ts';
import { isSameMeaning, markOf, type SeriesRecord, type StateBook, type StateMark } from './monitor-state.ts';
import { hasParts, isZeroOverNothing, partsOf, rowReader, type HeldRow } from './row-values.ts';
import { createWatchedSeries, hasLooked, hasRisen, isFading, type WatchedSeries } from './watched-series.ts';

export interface Watch {
  readonly entry: DetectEntry;
  readonly measure: MeasureSpec;
  readonly window: WindowSpec;
  /** Whether its detector looks at open windows at all, and may. */
  readonly looks: boolean;
  /** Whether the pipeline has such a series, and the entry is for it. */
  covers(labels: Labels): boolean;
  /** Rows of one closed window, by `labelsKey`. Called once a window, in the order of the windows. */
  close(rows: ReadonlyMap<string, HeldRow>, at: WindowTime): Sliced<AlertEvent[]>;
  /**
   * Rows of the open window that follows the last closed one, each with its `labelsKey`. Looks at once; what rings is then told in
   * slices. Rings, or changes nothing.
   */
  look(rows: Iterable<readonly [key: string, row: HeldRow]>, at: WindowTime, number: number): Sliced<AlertEvent[]>;
  /** Whether its detector can be asked while no window closes. */
  readonly hearsSilence: boolean;
  /**
   * Nothing comes any more, and by the clock all windows up to `at` are over. `begun`: rows of those windows that have some, by start.
   * `completeFrom`, epoch ms: of windows that begin before it not all is here. Rings, or changes nothing.
   */
  silence(
    begun: ReadonlyMap<number, ReadonlyMap<string, HeldRow>>,
    at: WindowTime,
    look: LookName,
    completeFrom: number,
  ): Sliced<AlertEvent[]>;
  /** A look that rang in an earlier run: does again what it did. */
  recall(looks: readonly AlertEvent[], at: WindowTime): Sliced<AlertEvent[]>;
  restoreSeries(labelsKey: string, record: SeriesRecord, unknownBefore: number): void;
  /** An alert that its alerts may be part of ended elsewhere: with the next window they are asked who speaks for them. */
  orphan(): void;
  restoreShared(shared: StateMark & { readonly state: unknown }): void;
  takeStateChanges(): Sliced<StateChange[]>;
}

/** `openFrom`: of a look by the clock, start of the first window that is not closed. ISO 8601. */
export interface LookName {
  readonly number: number;
  readonly openFrom?: string;
}

export interface WatchDeps {
  readonly alerts: Alerts;
  readonly book: StateBook;
  readonly catalog?: Readonly<Record<string, DetectorKind>>;
}

/** @throws AppError `config_invalid` */
export function createWatch(spec: MonitorSpec, entry: DetectEntry, deps: WatchDeps): Watch {
  const catalog: Readonly<Record<string, DetectorKind>> = deps.catalog ?? detectorCatalog;
  const measure = named(spec.measures, entry.measure, 'measure');
  const window = named(spec.windows, entry.window, 'window');
  const kind = catalog[entry.detector]!;
  const detector = kind.create(entry.config, contextOf(spec, entry, measure, window, catalog));
  const { seesAbsent, forgetAfterMs, loseAfterMs = forgetAfterMs, stateForm } = detector;
  const entryName = [entry.detector, entry.measure, entry.window] as const;
  const mark = markOf(detector, meaningOf(measure, spec.measures, kind));
  const series = createWatchedSeries(entryName, spec.dimensions, detector, mark, deps.book);
  const { falseAlarmsPerDay } = spec;
  const about = { pipeline: spec.pipeline, detector: entry.detector, measure, window, falseAlarmsPerDay };
  const desk = deps.alerts.desk<WatchedSeries>({ ...about, metricName: entry.metricName ?? measure.name }, entry.naming);
  const zero = isZeroOverNothing(measure) ? 0 : null;
  const nothing = hasParts(spec.measures, measure) ? { amount: 0, exposure: measure.kind === 'ratio' ? 0 : 1 } : undefined;
  const read = rowReader(measure, spec.measures);
  const groupings = groupingsOf(spec, entry.over);
  const isSliceDone = createPace();
  /** Alerts of an earlier life in directions that the file has left out since. */
  let leftOut: (readonly [WatchedSeries, Direction])[] = [];
  let shared: unknown;

  function covers(labels: Labels): boolean {
    const names = Object.keys(labels);
    return groupings.some((grouping) => grouping.length === names.length && names.every((name) => grouping.includes(name)));
  }

  function* close(rows: ReadonlyMap<string, HeldRow>, at: WindowTime): Sliced<AlertEvent[]> {
    const events = [...endLeftOut(at), ...(yield* endForgotten(at))];
    for (const [key, row] of rows) {
      const one = series.get(key) ?? (covers(row.labels) ? series.add(key, row.labels, at.endMs) : undefined);
      if (one) one.row = row;
      if (isSliceDone()) yield;
    }
    const observed: WatchedSeries[] = [];
    const inputs: SeriesInput<unknown>[] = [];
    const judgements: Judgement<WatchedSeries>[] = [];
    for (const one of series.sorted()) {
      const { row } = one;
      one.row = undefined;
      if (row || seesAbsent) {
        observed.push(one);
        const isCalm = one.alerts.down === undefined && one.alerts.up === undefined;
        inputs.push({ state: one.state, observation: observationOf(one, row, at), isCalm });
      } else if (hasLooked(one)) judgements.push(...unsaid(one, [], observationOf(one, row, at)));
      if (isSliceDone()) yield;
    }
    const result = yield* observing(inputs);
    if (result.shared !== shared) {
      shared = result.shared;
      const value = shared === undefined ? undefined : { ...mark, state: shared };
      deps.book.set({ kind: 'shared', entry: entryName, over: entry.over }, value);
    }
    yield;
    for (let index = 0; index < observed.length; index++) {
      if (isSliceDone()) yield;
      const one = observed[index]!;
      const { state, verdicts } = result.steps[index]!;
      const { observation } = inputs[index]!;
      // An object that is changed in place has changed, though it is the same one.
      if (state !== one.state || stateForm || !observation.absent) series.touch(one);
      one.state = state;
      if (!observation.absent) one.seen = at.endMs;
      for (const verdict of verdicts) {
        // Of what is in order, and was: nothing. That is nearly all.
        if (verdict.status === 'clear' && one.alerts[verdict.direction] === undefined) continue;
        if (!isAhead(one, verdict, at)) judgements.push({ series: one, at: observation, verdict });
      }
      if (hasLooked(one)) judgements.push(...unsaid(one, verdicts, observation));
    }
    return [...events, ...(yield* conclude(judgements, at))];
  }

  function* observing(inputs: readonly SeriesInput<unknown>[]): Sliced<WindowSteps<unknown>> {
    return detector.observing ? yield* detector.observing(inputs, shared) : detector.observeWindow(inputs, shared);
  }

  /** The clock told of this silence up to a later window: only what comes within it can end it before. */
  function isAhead({ alerts }: WatchedSeries, { direction, observed }: Verdict, at: WindowTime): boolean {
    const alert = alerts[direction];
    if (alert?.silentFrom === undefined || at.endMs >= alert.judged) return false;
    return observed === 0 || at.endMs <= alert.silentFrom;
  }

  function* conclude(judgements: readonly Judgement<WatchedSeries>[], at: WindowTime): Sliced<AlertEvent[]> {
    if (judgements.length === 0 && !desk.isOrphaned) return [];
    const { events, touched } = yield* desk.conclude(judgements, at);
    for (const one of touched) series.touch(one);
    return events;
  }

  /** What rang at a look, and is nothing to speak of in the final row. */
  function unsaid(one: WatchedSeries, verdicts: readonly Verdict[], at: Observation): readonly Judgement<WatchedSeries>[] {
    return DIRECTIONS.flatMap((direction): Judgement<WatchedSeries>[] => {
      const alert = one.alerts[direction];
      if (!alert?.looked || verdicts.some((said) => said.direction === direction)) return [];
      const { expected, threshold, baselineWindows } = alert;
      const verdict = { direction, status: 'clear', observed: at.value ?? 0, expected, threshold, baselineWindows } as const;
      return [{ series: one, at, verdict }];
    });
  }

  function observationOf({ labels }: WatchedSeries, row: HeldRow | undefined, { startMs, endMs }: WindowTime): Observation {
    const found = row && read(row, labels, startMs, endMs);
    if (found) return found;
    return { startMs, endMs, labels, value: zero, volume: 0, absent: true, ...(nothing && { parts: nothing }) };
  }

  function look(rows: Iterable<readonly [string, HeldRow]>, at: WindowTime, number: number): Sliced<AlertEvent[]> {
    const inputs: SeriesInput<unknown>[] = [];
    const observed: WatchedSeries[] = [];
    for (const [key, row] of rows) {
      // One that is not known yet has no baseline; one that has rung has said it, and is no news to those that are looked at with it.
      const one = series.get(key);
      const observation = one && !hasRisen(one) && read(row, one.labels, at.startMs, at.endMs);
      if (!observation) continue;
      observed.push(one);
      inputs.push({ state: one.state, observation });
    }
    if (inputs.length === 0) return done([]);
    const judgements: Judgement<WatchedSeries>[] = [];
    const all = series.sorted();
    const before = { rung: all.reduce((sum, one) => sum + Number(hasRisen(one)), 0), series: all.length };
    detector.look?.(inputs, shared, before).forEach((verdicts, index) => {
      const one = observed[index]!;
      for (const verdict of verdicts) {
        if (verdict.status !== 'firing' || one.alerts[verdict.direction]?.status === 'firing') continue;
        judgements.push(rungAt(one, inputs[index]!.observation, verdict, { number }));
      }
    });
    return judgements.length === 0 ? done([]) : conclude(judgements, at);
  }

  function* silence(
    begun: ReadonlyMap<number, ReadonlyMap<string, HeldRow>>,
    at: WindowTime,
    name: LookName,
    completeFrom: number,
  ): Sliced<AlertEvent[]> {
    const known = series.sorted().filter(({ seen }) => at.startMs - seen < forgetAfterMs);
    const starts = [...begun.keys()].filter((start) => start < at.startMs).sort((a, b) => a - b);
    let states = known.map(({ state }) => state);
    let steps: readonly Step<unknown>[] = [];
    let inputs: SeriesInput<unknown>[] = [];
    for (const startMs of [...starts, at.startMs]) {
      const rows = begun.get(startMs);
      const time = { startMs, endMs: startMs + window.sizeMs };
      const before = states;
      inputs = yield* mapped(known.entries(), ([i, one]) => ({
        state: before[i],
        observation: observationOf(one, rows?.get(one.key), time),
      }));
      ({ steps } = yield* observing(inputs));
      // What came in a window of which not all is here ends a silence; that nothing did says nothing, nor of those behind it.
      const isComplete = startMs >= completeFrom;
      states = steps.map(({ state }) =>
        isComplete || state === undefined ? state : (detector.passUnknown?.(state, completeFrom) ?? state),
      );
    }
    const judgements = steps.flatMap(({ verdicts }, i) =>
      verdicts
        .filter((verdict) => verdict.status === 'firing' && isDue(known[i]!.alerts[verdict.direction], at))
        .map((verdict) => rungAt(known[i]!, inputs[i]!.observation, verdict, name)),
    );
    return judgements.length === 0 ? [] : yield* conclude(judgements, at);
  }

  /** It rings now: as one that begins, or as a reminder of its own. */
  function isDue(alert: AlertState | undefined, at: WindowTime): boolean {
    if (alert?.status !== 'firing') return true;
    if (alert.partOf !== undefined || alert.alone !== undefined) return false;
    return alert.rang !== null && at.endMs - alert.rang >= spec.repeatAfterMs;
  }

  function recall(looks: readonly AlertEvent[], at: WindowTime): Sliced<AlertEvent[]> {
    const judgements = looks.flatMap(({ labels, look: seen }): Judgement<WatchedSeries>[] => {
      const one = seen && series.get(labelsKey(labels));
      if (!one) return [];
      const parts = partsOf(seen.amount, seen.exposure);
      const rest = { value: seen.value, volume: seen.volume, labels: one.labels, absent: false, ...(parts && { parts }) };
      const { number, open_from: openFrom } = seen;
      return [rungAt(one, { ...at, ...rest }, seen.verdict, openFrom === undefined ? { number } : { number, openFrom })];
    });
    return conclude(judgements, at);
  }

  function rungAt(one: WatchedSeries, at: Observation, verdict: Verdict, { number, openFrom }: LookName): Judgement<WatchedSeries> {
    const { value, volume, parts } = at;
    const name = openFrom === undefined ? { number } : { number, open_from: openFrom };
    const seen: AlertLook = { ...name, value, volume, amount: parts?.amount ?? null, exposure: parts?.exposure ?? null, verdict };
    return { series: one, at, verdict, look: seen };
  }

  /** The detector says nothing of them any more: they would fire until the series is forgotten. */
  function endLeftOut(at: WindowTime): AlertEvent[] {
    const ends = leftOut.flatMap(([one, direction]) => {
      series.touch(one);
      return desk.lose(one, direction, at, true) ?? [];
    });
    leftOut = [];
    return ends;
  }

  /** Ends the alerts of which nothing could be judged for long, and forgets the series not seen for as long. */
  function* endForgotten(at: WindowTime): Sliced<AlertEvent[]> {
    const events: AlertEvent[] = [];
    const last = { seen: at.startMs - forgetAfterMs, judged: at.startMs - loseAfterMs };
    // Copied where there is one: forgetting changes the order that is walked.
    const fading = series.sorted().some((one) => isFading(one, last)) ? series.sorted().filter((one) => isFading(one, last)) : [];
    for (const one of fading) {
      if (isSliceDone()) yield;
      for (const direction of DIRECTIONS) {
        const alert = one.alerts[direction];
        if (!alert || !(one.seen <= last.seen || alert.judged <= last.judged)) continue;
        const event = desk.lose(one, direction, at);
        if (event) events.push(event);
      }
      if (one.seen <= last.seen) series.forget(one);
      else series.touch(one);
    }
    return events;
  }

  return {
    entry,
    measure,
    window,
    looks: detector.look !== undefined && !isOfTwoSources(measure, spec.measures),
    hearsSilence: detector.hearsSilence === true,
    covers,
    close,
    look,
    silence,
    recall,
    restoreSeries(key, record, unknownBefore) {
      const one = series.restore(key, record, unknownBefore);
      desk.restore(one);
      for (const direction of DIRECTIONS) {
        if (one.alerts[direction] && kind.watches?.(entry.config, direction) === false) leftOut.push([one, direction]);
      }
    },
    orphan: () => desk.orphan(),
    restoreShared(stored) {
      if (stored.v === mark.v && isSameMeaning(stored, mark)) shared = stored.state;
    },
    takeStateChanges: () => series.takeStateChanges(),
  };
}

function contextOf(
  spec: MonitorSpec,
  entry: DetectEntry,
  measure: MeasureSpec,
  window: WindowSpec,
  catalog: Readonly<Record<string, DetectorKind>>,
): DetectorContext {
  const { counted, currency } = addedBy(measure, spec.measures);
  return {
    measure,
    window,
    adds: counted?.kind === 'count' || counted?.kind === 'distinct' ? 'events' : 'amounts',
    ...(currency !== undefined && { currency }),
    budget: { falseAlarmsPerDay: spec.falseAlarmsPerDay, tests: budgetTests(spec.detect, catalog) },
    // What became of records the total alone has: it is the sum of nobody.
    groupings: counted?.kind === 'count' && counted.outcomes ? [[]] : groupingsOf(spec, entry.over),
  };
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string, what: string): T {
  const found = all.find((one) => one.name === name);
  if (found) return found;
  throw new AppError('config_invalid', `detect: found ${what} "${name}"; expected one of ${all.map((one) => one.name).join(', ')}`);
}
