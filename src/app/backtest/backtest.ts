/**
 * What the detectors would have rung over history: the monitor that runs live, on the same records, once for each setting. It tells
 * nobody and leaves nothing behind.
 */
import { availableParallelism } from 'node:os';
import { textsOf } from '../../alerts/text/texts.ts';
import { ageText } from '../../alerts/value-text.ts';
import { formatDuration, parseDuration } from '../../core/duration.ts';
import { AppError } from '../../core/errors.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { BacktestAlert, BacktestIncident, BacktestReport, BacktestSetting } from '../../server/api.ts';
import { instantOf, timeText, zoneNamed, type ShownTime, type Zone } from '../../core/told-time.ts';
import { bellOf, BELLS, hasRung, type Bell } from './bell.ts';
import { pairsOf } from './comparison.ts';
import { withHistory, type History, type HistoryDeps, type HistoryPlace } from './history.ts';
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { DetectorKind } from '../../detectors/detector.ts';
import type { DetectEntry } from '../../pipeline/monitor/monitor-spec.ts';
import { createMeter, DAY_MS, perDay, type Meter } from './judged-time.ts';
import { createJudges, type Judges } from './judges.ts';
import { createLabelsSeen } from './labels-seen.ts';
import { measuresNeeded, measuresRequired, sketchesNeeded, windowsNeeded } from './measures-needed.ts';
import { loadWithChanges } from './override.ts';
import type { Judged } from './rung-alerts.ts';
import { scoreOf } from './score.ts';
import type { WindowSpec } from '../../windows/spec.ts';

export interface BacktestOptions extends HistoryPlace {
  /** The pipeline file. */
  readonly file: string;
  /** Windows that start here or later: epoch ms, or by the clock of the file's zone. */
  readonly from?: number | ShownTime;
  /** Windows that start before this. */
  readonly to?: number | ShownTime;
  /** What lies so far before `from` is learnt from. */
  readonly warmUpMs: number;
  readonly set: readonly string[];
  /** Also the file as it is. */
  readonly compare: boolean;
  readonly incidents?: (config: LoadedPipeline) => readonly BacktestIncident[];
  readonly graceMs: number;
}

interface Setting {
  readonly name: BacktestSetting['name'];
  readonly changes: readonly string[];
  readonly config: LoadedPipeline;
}

const TOO_MANY =
  'more alerts rang than are listed: they are counted, but held neither against incidents nor against another setting, and the counts of the first day are of ' +
  'those listed. Ask for a shorter time, or for less that rings';
export const DEFAULT_WARM_UP_MS = 7 * DAY_MS;

/** @throws AppError `config_invalid`, `usage`, and those of the places that history comes from */
export async function runBacktest(options: BacktestOptions, deps: HistoryDeps): Promise<BacktestReport> {
  const begun = deps.clock.elapsed();
  const settings = settingsOf(options);
  const { config } = settings[0]!;
  const incidents = options.incidents?.(config);
  const specs = settings.map((setting) => setting.config.monitor);
  const measures = measuresNeeded(specs);
  const { warmUpMs } = options;
  const zone = zoneNamed(config.timeZone);
  const from = options.from === undefined ? undefined : instantOf(options.from, zone, 'earlier');
  const to = options.to === undefined ? undefined : instantOf(options.to, zone, 'later');
  const wanted = {
    pipeline: config.engine.pipeline,
    measures,
    sketched: sketchesNeeded(specs),
    required: measuresRequired(specs),
    from: from === undefined ? undefined : from - warmUpMs,
    to,
  };
  if (from !== undefined && to !== undefined && from >= to) {
    const [begin, end] = [from, to].map((time) => new Date(time).toISOString());
    throw new AppError('usage', `from and to: found from ${begin} to ${end}; expected an end after the beginning`);
  }
  const seen = createLabelsSeen();

  const needed = { measures, windows: windowsNeeded(specs).map(({ window }) => window.name) };
  return withHistory(options, config, needed, deps, async (history) => {
    const threads = history.isLarge ? Math.max(1, Math.floor(availableParallelism() / specs.length)) : 0;
    const range = { from: from ?? -Infinity, to: to ?? Infinity };
    const judges = specs.map((spec) => createJudges(spec, measures, range, threads));
    try {
      return await judgedBy(judges, history);
    } finally {
      await Promise.all(judges.map((one) => one.stop()));
    }
  });

  async function judgedBy(judges: readonly Judges[], history: History): Promise<BacktestReport> {
    const groups = groupsOf(settings, history).map((group) => ({ group, meter: createMeter(group[0]!.config.engine.windows, from) }));
    for (const { group, meter } of groups) {
      const windows = windowsNeeded(group.map((setting) => setting.config.monitor));
      await history.read({ ...wanted, windows }, group[0]!.config, (columns) => {
        deps.signal?.throwIfAborted();
        meter.count(columns);
        seen.add(columns.labels);
        const taken = group.map((setting) => judges[settings.indexOf(setting)]!.observe(columns));
        const waiting = taken.filter((one) => one !== undefined);
        return waiting.length === 0 ? undefined : allOf(waiting);
      });
      // Where no batch came nobody has looked at it yet.
      deps.signal?.throwIfAborted();
    }
    // What two ways of counting have read is told once.
    const { group: first, meter } = groups[0]!;
    const range = meter.whole();
    const days = range ? (range.to - range.from) / DAY_MS : 0;
    const found = await Promise.all(judges.map((one) => one.judged()));
    deps.signal?.throwIfAborted();
    // Of a part of the alerts no rate would be true.
    const isWhole = found.every(({ dropped }) => sumOf(dropped) === 0);
    const told = settings.map((setting, index) => {
      const own = groups.find(({ group }) => group.includes(setting))!.meter;
      const judged = toldOf(setting, found[index]!, own);
      if (!incidents || !isWhole) return judged;
      const time = { detect: setting.config.monitor.detect, timeOf: own.of, graceMs: options.graceMs };
      return { ...judged, score: scoreOf(judged.alerts, incidents, time) };
    });
    const [file, set] = told;
    return {
      pipeline: config.engine.pipeline,
      time_zone: config.timeZone,
      from: range ? new Date(range.from).toISOString() : null,
      to: range ? new Date(range.to).toISOString() : null,
      learnt_from: meter.first === undefined ? null : new Date(meter.first).toISOString(),
      days,
      source: history.source(),
      windows: meter.windows,
      rows: meter.rows,
      seconds: Math.round(deps.clock.elapsed() - begun) / 1_000,
      settings: told,
      ...(file && set && isWhole && { comparison: pairsOf(file.alerts, set.alerts) }),
      notes: [
        ...(range ? [] : ['there is no window of this time: nothing was judged']),
        ...notesOf({ from, warmUpMs, zone, source: history.source() }, first, meter),
        ...notesOnRevisions(history.countedSince, meter.first, zone),
        ...(isWhole ? seen.notesOn(incidents ?? []) : [TOO_MANY]),
        ...history.notes(),
      ],
    };
  }
}

function settingsOf({ file, set, compare }: BacktestOptions): Setting[] {
  if (compare && set.length === 0) {
    throw new AppError('usage', '--compare: found nothing to compare the file with; expected --set too, such as --set detect.ctr.down=40%');
  }
  const plain: Setting = { name: 'file', changes: [], config: loadWithChanges(file, []) };
  if (set.length === 0) return [plain];
  const changed: Setting = { name: 'set', changes: set, config: loadWithChanges(file, set) };
  if (changed.config.engine.pipeline !== plain.config.engine.pipeline)
    throw new AppError('usage', '--set pipeline: a backtest is of the pipeline that the file names');
  return compare ? [plain, changed] : [changed];
}

/** Settings that see the same windows are judged in one reading. */
function groupsOf(settings: readonly Setting[], history: History): Setting[][] {
  const groups = [...Map.groupBy(settings, ({ config }) => config.hashes.windows).values()];
  const asItIs = settings.find(({ name }) => name === 'file')?.config ?? loadWithChanges(settings[0]!.config.file!, []);
  const other = settings.find(({ config }) => config.hashes.windows !== asItIs.hashes.windows);
  if (other && !history.counts) {
    throw new AppError(
      'usage',
      `--set ${other.changes.join(' --set ')}: found a change of the windows themselves, which are stored as they were counted; expected changes ` +
        'under detect (and cooldown, locale). To count anew, give the events with --input',
    );
  }
  return groups;
}

function toldOf({ name, changes, config }: Setting, { alerts, dropped }: Judged, meter: Meter): BacktestSetting {
  const { detect, falseAlarmsPerDay } = config.monitor;
  const bells = alerts.filter(hasRung);
  const countOf = (bell: Bell): number => alerts.filter((alert) => bellOf(alert) === bell).length + dropped[bell];
  const whole = meter.whole();
  /** What lies behind the first day that is there of a window size. */
  const behind: Meter['of'] = (window) => {
    const time = meter.of(window);
    return time && { ...time, from: Math.max(time.from, time.first + DAY_MS) };
  };
  const isBehind = ({ window, window_start }: BacktestAlert): boolean => Date.parse(window_start) >= (behind(window)?.from ?? -Infinity);
  const isLong = detect.every(({ window }) => {
    const time = behind(window);
    return !time || time.to - time.from >= DAY_MS;
  });
  const later = bells.filter(isBehind);
  return {
    name,
    changes,
    false_alarms_per_day: detect.some(keepsBudget) ? falseAlarmsPerDay : null,
    rang: countOf('rang'),
    folded: countOf('folded'),
    in_cooldown: countOf('in_cooldown'),
    rang_per_day: whole ? perDay(bells, meter.of) + (dropped.rang * DAY_MS) / (whole.to - whole.from) : 0,
    rang_first_day: bells.filter((alert) => learns(alert) && !isBehind(alert)).length,
    rang_after_first_day: later.length,
    rang_per_day_after_first_day: whole && isLong ? perDay(later, behind) : null,
    alerts,
    dropped: sumOf(dropped),
  };
}

function sumOf(dropped: Judged['dropped']): number {
  return BELLS.reduce((sum, bell) => sum + dropped[bell], 0);
}

function keepsBudget(entry: DetectEntry): boolean {
  return kindOf(entry)?.tests !== undefined;
}

function learns(entry: { readonly detector: string }): boolean {
  return kindOf(entry)?.learns !== false;
}

function kindOf({ detector }: { readonly detector: string }): DetectorKind | undefined {
  const catalog: Readonly<Record<string, DetectorKind>> = detectorCatalog;
  return catalog[detector];
}

async function allOf(waiting: readonly Promise<void>[]): Promise<void> {
  await Promise.all(waiting);
}

interface Asked {
  readonly from: number | undefined;
  readonly warmUpMs: number;
  readonly zone: Zone;
  readonly source: BacktestReport['source'];
}

function notesOf(asked: Asked, settings: readonly Setting[], meter: Meter): string[] {
  const specs = settings.map(({ config }) => config.monitor);
  const watched = windowsNeeded(specs).map(({ window }) => window);
  // Of all detectors it alone takes looks.
  const hasLooks = specs.some(({ detect }) => detect.some(({ detector }) => detector === 'evidence'));
  const notes = [
    ...(hasLooks ? ['alerts ring here when a window closes; live, a rise may ring a little earlier, at a look at the open window'] : []),
    ...notesOnSizes(watched, meter, asked),
  ];
  // Rules are as good in the first window as in any.
  const learning = watched.filter(({ name }) => specs.some(({ detect }) => detect.some((entry) => entry.window === name && learns(entry))));
  if (learning.length === 0) return notes;
  const { from, warmUpMs } = asked;
  if (from === undefined) return [...notes, 'the detectors began without a baseline: the first day says little'];
  const late = learning.flatMap(({ name, sizeMs }) => {
    const first = meter.of(name)?.first;
    // The first whole one begins up to its length later.
    if (first === undefined || first < from - warmUpMs + sizeMs || first >= from + DAY_MS) return [];
    return [{ name, learnt: ageText(Math.max(0, from - first), textsOf.en) }];
  });
  for (const [learnt, own] of Map.groupBy(late, (one) => one.learnt)) {
    const which = own.length === learning.length ? '' : ` of windows of ${own.map(({ name }) => name).join(', ')}`;
    notes.push(`of ${formatDuration(warmUpMs)} to learn from before --from only ${learnt} are there${which}`);
  }
  return notes;
}

/** Window sizes of which less is there than of others: a store may keep hours longer than minutes. */
function notesOnSizes(watched: readonly WindowSpec[], meter: Meter, { zone, source }: Asked): string[] {
  const whole = meter.whole();
  if (!whole) return [];
  // Windows that hold the same events begin apart by no more than the largest of them.
  const largest = Math.max(...watched.map(({ sizeMs }) => sizeMs));
  return watched.flatMap(({ name }) => {
    const time = meter.of(name);
    // A file that has none of them says so itself.
    if (!time) return source === 'windows' ? [] : [`no window of ${name} of this time is there: what looks at them had nothing to judge`];
    if (time.from - whole.from <= largest) return [];
    return [
      `windows of ${name} are there from ${timeText(time.from, zone)} on alone: what looks at them had nothing to judge before, and begins there; ` +
        'rates a day are over the days that each size has',
    ];
  });
}

/** Live, a baseline of a measure that means something else now begins anew. */
function notesOnRevisions(since: number | undefined, first: number | undefined, zone: Zone): string[] {
  if (since === undefined || first === undefined || first >= since) return [];
  return [
    `windows before ${timeText(since, zone)} are of an earlier revision of the file: where that counted otherwise, the step is judged as a break. ` +
      'To begin behind it give --from, and --warm-up 0s',
  ];
}

/** `7d` -> ms. @throws AppError `usage` */
export function durationOf(text: string, name: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new AppError('usage', `${name}: found ${JSON.stringify(text)}; expected a duration such as 7d, 12h or 0s`);
  return ms;
}
