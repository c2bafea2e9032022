/** The `detect` block: for each measure in it one detector out of the catalog, or several, with settings of their own or of the block. */
import type { AlertNaming, Hint } from '../alerts/naming.ts';
import { AppError } from '../core/errors.ts';
import type { DetectorName } from '../detectors/catalog.ts';
import type { DetectorKind, Direction } from '../detectors/detector.ts';
import { addedBy, defaultDetectWindow, type DetectEntry } from '../pipeline/monitor/monitor-spec.ts';
import type { MeasureSpec, WindowSpec } from '../windows/spec.ts';
import { shapeOf } from './catalog-block.ts';
import {
  commonDetectSchema,
  DEFAULT_DETECTOR,
  DEFAULT_FALSE_ALARMS_PER_DAY,
  DETECT_RESERVED,
  DETECT_SHARED,
  DETECTOR_NAMES,
  kindNamed,
  measureDetectSchema,
  sharedDetectSchema,
  type MeasureDetect,
} from './detect-schema.ts';
import { nearest } from './nearest.ts';
import { describe, type Path, type Problems } from './problem.ts';
import { checkWith } from './zod-problems.ts';

type Block = Readonly<Record<string, unknown>>;

const SETTINGS_OF_ONE = 'the settings of a detector, such as { down: 50% }';

interface Parts {
  readonly measures: readonly MeasureSpec[];
  /** Of all measures, those with a fault of their own too. */
  readonly measureNames: readonly string[];
  readonly windows: readonly WindowSpec[];
  readonly rollups: readonly (readonly string[])[];
}

interface Detect {
  readonly detect: DetectEntry[];
  readonly falseAlarmsPerDay: number;
}

export function resolveDetect(block: Block | undefined, parts: Parts, problems: Problems): Detect {
  const budget = block?.['false_alarms_per_day'];
  return {
    detect: block === undefined ? [] : resolveEntries(block, parts, problems),
    // A wrong one is told with the other settings.
    falseAlarmsPerDay: typeof budget === 'number' ? budget : DEFAULT_FALSE_ALARMS_PER_DAY,
  };
}

function resolveEntries(block: Block, parts: Parts, problems: Problems): DetectEntry[] {
  const names = parts.measureNames;
  const shared = Object.fromEntries(Object.entries(block).filter(([key]) => !names.includes(key) && DETECT_RESERVED.includes(key)));
  const kind = detectorOf(shared['detector'] ?? DEFAULT_DETECTOR, ['detect', 'detector'], problems);
  const settings = kind === undefined ? DETECT_SHARED : [...new Set(['detector', ...Object.keys(sharedDetectSchema(kind).shape)])];
  // Of a file without a measure only that is told.
  for (const key of names.length === 0 ? [] : Object.keys(block)) {
    if (!names.includes(key) && !DETECT_RESERVED.includes(key)) {
      problems.unknown(['detect', key], key, 'a measure or a setting', [...names, ...settings], { atKey: true });
    }
  }
  if (kind !== undefined) checkShared(kind, shared, settings, block, problems);
  return parts.measures.flatMap((measure) => {
    if (!Object.hasOwn(block, measure.name)) return [];
    const entries: DetectEntry[] = [];
    for (const [own, here] of listed(block[measure.name], ['detect', measure.name], problems)) {
      const entry = resolveEntry(own, here, shared, kind, measure, parts, problems);
      if (entry !== undefined && !isSecond(entry, entries, here, problems)) entries.push(entry);
    }
    return entries;
  });
}

/** The settings of each detector of a measure, and where they stand: it has one, or a list of them. */
function listed(own: unknown, here: Path, problems: Problems): readonly (readonly [own: unknown, here: Path])[] {
  if (!Array.isArray(own)) return [[own, here]];
  if (own.length === 0) problems.add(here, `found an empty list; expected ${SETTINGS_OF_ONE}, or a list of such`);
  return own.map((each: unknown, index) => [each, [...here, index]] as const);
}

/** Two of one kind on the same series would share their state and the ids of their alerts. */
function isSecond(entry: DetectEntry, before: readonly DetectEntry[], here: Path, problems: Problems): boolean {
  const { detector, measure, window, over } = entry;
  const first = before.find(
    (one) => one.detector === detector && one.window === window && (one.over === over || [one.over, over].includes('all')),
  );
  if (first === undefined) return false;
  problems.add(
    here,
    `found ${detector} on ${measure} in ${window} windows a second time (over: ${first.over}, and over: ${over}); expected one for each series: ` +
      'put the settings of both into one, or let one watch full and the other rollups',
  );
  return true;
}

function checkShared(kind: DetectorKind, shared: Block, settings: readonly string[], block: Block, problems: Problems): void {
  // Settings are judged here only where no measure takes them up: there they are judged together with its own.
  const own = Object.fromEntries(Object.entries(shared).filter(([key]) => settings.includes(key)));
  for (const key of Object.keys(shared)) {
    if (settings.includes(key) || isTakenUp(key, block)) continue;
    const inTheBlock = `found "${key}" in the block itself; expected it in the settings of a measure`;
    problems.add(['detect', key], ofOthers(key, kind, settings) ?? inTheBlock, { atKey: true });
  }
  const check = checkWith(sharedDetectSchema(kind).partial(), { ...own, detector: kind.name });
  if (!check.ok) for (const problem of check.problems) problems.add(['detect', ...problem.path], problem.message, problem);
}

/** Whether a measure names a detector that has such a setting. */
function isTakenUp(key: string, block: Block): boolean {
  return Object.values(block)
    .flat()
    .some((own) => {
      const name = typeof own === 'object' && own !== null ? (own as Block)['detector'] : undefined;
      return typeof name === 'string' && hasSetting(name, key);
    });
}

/** What is wrong with a setting that only other detectors have; undefined where none has it. */
function ofOthers(key: string, kind: DetectorKind, settings: readonly string[]): string | undefined {
  const owners = [DEFAULT_DETECTOR, ...DETECTOR_NAMES.filter((name) => name !== DEFAULT_DETECTOR)].filter((name) => hasSetting(name, key));
  if (owners.length === 0) return undefined;
  return `found "${key}", a setting of ${owners.join(', ')}; the detector here is ${kind.name}. Expected one of ${settings.join(', ')}, or detector: ${owners[0]}`;
}

function hasSetting(detector: string, key: string): boolean {
  const kind = kindNamed(detector);
  return kind !== undefined && Object.hasOwn(shapeOf(kind), key);
}

/** Of a name that is misspelt the one that was meant, so that the other settings are judged in the same go. */
function detectorOf(name: unknown, path: Path, problems: Problems): DetectorKind | undefined {
  const kind = typeof name === 'string' ? kindNamed(name) : undefined;
  if (kind !== undefined) return kind;
  problems.unknown(path, typeof name === 'string' ? name : describe(name), 'a detector', DETECTOR_NAMES);
  const meant = typeof name === 'string' ? nearest(name, DETECTOR_NAMES) : undefined;
  return meant === undefined ? undefined : kindNamed(meant);
}

/** Whatever else is wrong with a measure's settings. */
function checkWindow({ window }: Block, windows: readonly WindowSpec[], pathOf: (path: Path) => Path, problems: Problems): void {
  const names = windows.map(({ name }) => name);
  if (typeof window === 'string' && windows.length > 0 && !names.includes(window))
    problems.unknown(pathOf(['window']), window, 'a window', names);
}

function resolveEntry(
  own: unknown,
  here: Path,
  shared: Block,
  defaultKind: DetectorKind | undefined,
  measure: MeasureSpec,
  { measures, windows, rollups }: Parts,
  problems: Problems,
): DetectEntry | undefined {
  if (typeof own !== 'object' || own === null || Array.isArray(own)) {
    problems.add(here, `found ${describe(own)}; expected ${SETTINGS_OF_ONE}`);
    return undefined;
  }
  const block = own as Block;
  const kind = block['detector'] === undefined ? defaultKind : detectorOf(block['detector'], [...here, 'detector'], problems);
  const schema = kind === undefined ? commonDetectSchema : measureDetectSchema(kind);
  const inherited = Object.entries(shared).filter(([key]) => Object.hasOwn(schema.shape, key));
  // A wrong name of a detector is told already.
  const merged: Block = { ...Object.fromEntries(inherited), ...block, ...(kind !== undefined && { detector: kind.name }) };
  const isInherited = (key: string | number | undefined): boolean =>
    key !== undefined && !Object.hasOwn(block, key) && Object.hasOwn(shared, key);
  const pathOf = (path: Path): Path => (isInherited(path[0]) ? ['detect', ...path] : [...here, ...path]);
  checkWindow(merged, windows, pathOf, problems);
  const checked = checkWith(schema, merged);
  if (!checked.ok) {
    for (const problem of checked.problems) {
      const isSetting = problem.atKey === true && problem.path.length === 1;
      const foreign = kind && isSetting ? ofOthers(String(problem.path[0]), kind, Object.keys(schema.shape)) : undefined;
      problems.add(pathOf(problem.path), foreign ?? problem.message, problem);
    }
    return undefined;
  }
  // Nobody knows which detector was meant: what holds whichever it is was judged.
  if (kind === undefined) return undefined;
  const settings = Object.fromEntries(Object.entries(merged).filter(([key]) => Object.hasOwn(shapeOf(kind), key)));
  const config = checkWith(kind.config, settings);
  if (!config.ok) {
    for (const problem of config.problems) problems.add(pathOf(problem.path), problem.message, problem);
    return undefined;
  }
  const { value } = checked;
  const window = windows.find((one) => one.name === (value.window ?? defaultDetectWindow(windows, kind.tests !== undefined)));
  if (window === undefined) return undefined;
  try {
    const { currency } = addedBy(measure, measures);
    kind.create(config.value, { measure, window, ...(currency !== undefined && { currency }) });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    problems.add(here, error.message.replace(`detect: ${measure.name}: `, ''));
    return undefined;
  }
  const naming = { ...direction('down', value), ...direction('up', value) };
  return {
    detector: kind.name as DetectorName,
    config: config.value,
    measure: measure.name,
    window: window.name,
    over: value.over ?? (kind.tests && rollups.length > 0 ? 'all' : 'full'),
    ...(value.metric_name === undefined ? {} : { metricName: value.metric_name }),
    ...(Object.keys(naming).length === 0 ? {} : { naming }),
  };
}

/** What the file says of the alerts of one direction. */
function direction(name: Direction, value: MeasureDetect): { readonly [direction in Direction]?: AlertNaming } {
  const pick = <T>(
    given: T | { readonly down?: T | undefined; readonly up?: T | undefined } | undefined,
    isOne: (value: unknown) => value is T,
  ): T | undefined => (given === undefined || isOne(given) ? given : given[name]);
  const isText = (given: unknown): given is string => typeof given === 'string';
  const alertType = pick(value.alert_type, isText);
  const severity = pick(value.severity, isText as (value: unknown) => value is NonNullable<AlertNaming['severity']>);
  const hint = pick(value.hint, (given): given is string | Hint[] => typeof given === 'string' || Array.isArray(given));
  const runbook = pick(value.runbook, isText);
  const naming: AlertNaming = {
    ...(alertType === undefined ? {} : { alertType }),
    ...(severity === undefined ? {} : { severity }),
    ...(hint === undefined ? {} : { hints: [hint].flat() }),
    ...(runbook === undefined ? {} : { runbook }),
  };
  return Object.keys(naming).length === 0 ? {} : { [name]: naming };
}
