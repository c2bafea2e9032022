import { alertKindsOf } from '../config/alert-kinds.ts';
import { servedConflicts } from '../config/served-routes.ts';
import { topicConflicts } from '../config/topic-conflicts.ts';
import { loadPipeline } from '../config/load-pipeline.ts';
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import { AppError } from '../core/errors.ts';
import { formatDuration } from '../core/duration.ts';
import { detectorCatalog } from '../detectors/catalog.ts';
import type { DetectorKind } from '../detectors/detector.ts';
import type { DetectEntry } from '../pipeline/monitor/monitor-spec.ts';
import { matchText, takesKind } from '../receivers/match.ts';
import { sourceRulesOf } from '../schemas/rules-of-schema.ts';
import { compilePlan } from '../windows/plan.ts';
import { fastPathOf } from '../windows/projector/open-decoder.ts';
import { isRange } from '../windows/condition.ts';
import type { EngineSpec, MeasureSpec, SourceSpec, Wanted, WindowSpec } from '../windows/spec.ts';
import type { Terminal } from './terminal.ts';
import { counted } from '../core/counted.ts';

const DAY_MS = 86_400_000;

/** Tells all that is wrong with all the files; what a right one computes. Exit code 2 when one is wrong: `run` would not start with them. */
export async function checkCommand(files: string[], options: { json: boolean }, terminal: Terminal): Promise<number> {
  const right: LoadedPipeline[] = [];
  let wrong = 0;
  for (const file of files) {
    const checked = check(file, right);
    if ('errors' in checked) wrong++;
    else right.push(checked.config);
    if (options.json)
      await terminal.print(
        JSON.stringify('errors' in checked ? { file, ok: false, ...checked } : { file, ok: true, errors: [], ...outline(checked.config) }),
      );
    else if ('errors' in checked) terminal.stderr.write(`${checked.errors.join('\n')}\n`);
    else await terminal.print(describe(file, checked.config));
  }
  return wrong > 0 ? 2 : 0;
}

/** By itself, and beside the right ones before it: they would run together. */
function check(file: string, others: readonly LoadedPipeline[]): { config: LoadedPipeline } | { errors: string[] } {
  let config: LoadedPipeline | undefined;
  try {
    config = loadPipeline(file);
    topicConflicts([...others, config]);
    servedConflicts([...others, config]);
    return { config };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // A clash has no place in the file.
    return { errors: error.message.split('\n').map((line) => (config === undefined ? line : `${file}: ${line}`)) };
  }
}

function outline({ engine, monitor }: LoadedPipeline): Record<string, unknown> {
  return {
    pipeline: engine.pipeline,
    topics: engine.sources.map(({ topic }) => topic),
    decoders: engine.sources.map((source) => {
      const why = plainBecause(engine, source);
      return why === undefined ? { source: source.name, decoder: 'fast' } : { source: source.name, decoder: 'plain', because: why };
    }),
    windows: engine.windows.map(({ name }) => name),
    dimensions: engine.dimensions,
    rollups: engine.rollups,
    measures: engine.measures.map(({ name }) => name),
    detect: monitor.detect.map(({ detector, measure, window }) => ({ detector, measure, window })),
  };
}

function describe(file: string, config: LoadedPipeline): string {
  const { engine, monitor, inputs, receivers, clock, start } = config;
  const untold = untoldTypes(config);
  const rollups = engine.rollups.map((names) => (names.length === 0 ? 'all together' : names.join(' x ')));
  const detect = Map.groupBy(monitor.detect, ({ detector, window }) => `${detector} on ${window} windows`);
  const reads = inputs.map(({ kind, topic }) => `${kind} into ${topic}`);
  const lines: [string, string][] = [
    ...engine.sources.map((source): [string, string] => ['source', sourceText(engine, source)]),
    ...(reads.length > 0 ? [['fed by', reads.join(', ')] as [string, string]] : []),
    [
      'time',
      `${clock === 'append' ? 'append times tell delays' : 'event time alone'}; begins at ${typeof start === 'number' ? new Date(start).toISOString() : start}`,
    ],
    ['windows', engine.windows.map(windowText).join(', ')],
    ['series', [engine.dimensions.join(' x ') || 'one', ...(rollups.length > 0 ? [`rolled up: ${rollups.join(', ')}`] : [])].join('; ')],
    ['measures', engine.measures.map(measureText).join(', ')],
    ...[...detect].map(([what, entries]): [string, string] => ['detector', `${what}: ${[...new Set(entries.map(watchText))].join(', ')}`]),
    ...(detect.size === 0 ? [['detector', 'none'] as [string, string]] : []),
    ['tells', receivers.map(({ name, match }) => (match ? `${name} (${matchText(match)})` : name)).join(', ') || 'nobody'],
    ...(untold.length > 0 ? [['untold', `no receiver takes ${untold.join(', ')}`] as [string, string]] : []),
  ];
  return [`${file}: pipeline ${engine.pipeline} is right`, ...lines.map(([name, text]) => `  ${name.padEnd(9)} ${text}`)].join('\n');
}

/** Types of alerts of which nobody is told, whatever their labels and severity. */
function untoldTypes(config: LoadedPipeline): string[] {
  const { receivers, monitor, lag } = config;
  if (receivers.length === 0) return [];
  const kinds = alertKindsOf(monitor.detect).filter(({ measure }) => measure !== 'lag' || lag !== undefined);
  const untold = kinds.filter((kind) => !receivers.some(({ match }) => takesKind(match, kind)));
  return [...new Set(untold.map(({ alert_type: type }) => type))];
}

/** Where days are windows, people think of their own midnight. */
function windowText({ name, slideMs, offsetMs = 0 }: WindowSpec): string {
  if (slideMs % DAY_MS !== 0 && offsetMs === 0) return name;
  const begins = new Date(offsetMs % DAY_MS).toISOString().slice(11, 16);
  return `${name} (from ${begins === '00:00' ? 'midnight' : begins} UTC)`;
}

/** Why a source's records are all read as objects; undefined where they are read from their bytes. */
function plainBecause(engine: EngineSpec, source: SourceSpec): string | undefined {
  const path = fastPathOf(compilePlan(engine), source, sourceRulesOf(source));
  return typeof path === 'string' ? path : undefined;
}

function sourceText(engine: EngineSpec, source: SourceSpec): string {
  const { name, topic, partitions, format, event, where } = source;
  const times = `up to ${formatDuration(event.outOfOrdernessMs)} out of order, ${formatDuration(event.allowedLatenessMs)} late`;
  const dedup = event.id === undefined ? 'no dedup' : `dedup by ${event.id} for ${formatDuration(event.dedupMs)}`;
  const filter =
    where.length === 0
      ? ''
      : `; only where ${where.map(({ field, anyOf }) => `${field} is ${anyOf.map(wantedText).join(' or ')}`).join(' and ')}`;
  // Log lines have one decoder; of JSON people should know when the slower one reads it.
  const plain = format === 'json' ? plainBecause(engine, source) : undefined;
  const decoder = plain === undefined ? '' : `; plain decoder (${plain})`;
  // A number is a valid time in either unit: whoever reads this sees which one was meant.
  const unit = {
    iso: event.zoneMs === undefined ? '' : 'without a zone by utc_offset, ',
    s: 'seconds since 1970, ',
    ms: 'milliseconds since 1970, ',
  }[event.timeUnit];
  return `${name}: topic ${topic} (${counted(partitions, 'partition')}, ${format}), time ${event.time} (${unit}${times}), ${dedup}${filter}${decoder}`;
}

/** `paid`; `at least 500 and below 600`. */
function wantedText(wanted: Wanted): string {
  if (!isRange(wanted)) return String(wanted);
  return Object.entries(wanted)
    .map(([bound, value]) => `${bound.replace('_', ' ')} ${value}`)
    .join(' and ');
}

/** `error_ratio (above 5%)` */
function watchText({ detector, config, measure }: DetectEntry): string {
  const kind: DetectorKind = detectorCatalog[detector];
  const ringsAt = kind.outline?.(config);
  return ringsAt === undefined ? measure : `${measure} (${ringsAt})`;
}

function measureText(measure: MeasureSpec): string {
  if (measure.kind === 'count')
    return measure.outcomes ? `${measure.name} (records that are ${measure.outcomes.join(' or ')})` : measure.name;
  if (measure.kind === 'ratio')
    return `${measure.name} = ${measure.scale === 1 ? '' : `${measure.scale} x `}${measure.numerator} / ${measure.denominator}`;
  return `${measure.name} (${measure.kind}${measure.kind === 'quantile' ? ` ${measure.q}` : ''} of ${measure.field})`;
}
