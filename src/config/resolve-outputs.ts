/** The blocks about who is told and what is served: `receivers`, `serve`, `topics`. */
import { receiverCatalog } from '../receivers/catalog.ts';
import { matchSchema, takesKind, type Match } from '../receivers/match.ts';
import type { ReceiverKind } from '../receivers/receiver.ts';
import { topicsOf, type PipelineTopics } from '../pipeline/topics.ts';
import type { WindowSpec } from '../windows/spec.ts';
import type { AlertKind } from './alert-kinds.ts';
import type { ReceiverConfig, ServeConfig } from './pipeline-config.ts';
import type { PipelineBlock } from './pipeline-schema.ts';
import type { Path, Problems } from './problem.ts';
import { pathFault, placeholdersOf } from './served-path.ts';
import { createServedRoutes } from './served-routes.ts';
import { checkWith } from './zod-problems.ts';

export const RECEIVER_TYPES = Object.keys(receiverCatalog);

export function receiverKind(name: string): ReceiverKind | undefined {
  return Object.hasOwn(receiverCatalog, name) ? (receiverCatalog as unknown as Record<string, ReceiverKind>)[name] : undefined;
}

/** What alerts of the pipeline can be chosen by. */
export interface Matchable {
  readonly dimensions: readonly string[];
  /** Undefined: not known, as something is wrong with what is watched. */
  readonly kinds: readonly AlertKind[] | undefined;
}

export function resolveReceivers(block: PipelineBlock['receivers'], of: Matchable, problems: Problems): ReceiverConfig[] {
  return Object.entries(block ?? { console: { type: 'console' } }).flatMap(([name, { type, match, ...settings }]) => {
    const kind = receiverKind(type ?? '');
    if (type === undefined || kind === undefined) {
      problems.unknown(['receivers', name, 'type'], type ?? 'no type', 'a type of receiver', RECEIVER_TYPES);
      return [];
    }
    const checked = checkWith(kind.config, settings);
    if (!checked.ok) for (const problem of checked.problems) problems.add(['receivers', name, ...problem.path], problem.message, problem);
    const matched = match === undefined ? undefined : resolveMatch(match, ['receivers', name, 'match'], of, problems);
    return checked.ok ? [{ name, kind: type, config: checked.value, ...(matched && { match: matched }) }] : [];
  });
}

/** A name that no alert has would keep the receiver from being told of anything. */
function resolveMatch(block: unknown, here: Path, { dimensions, kinds }: Matchable, problems: Problems): Match | undefined {
  const checked = checkWith(matchSchema, block);
  if (!checked.ok) {
    for (const problem of checked.problems) problems.add([...here, ...problem.path], problem.message, problem);
    return undefined;
  }
  const match = checked.value;
  for (const name of Object.keys(match.labels ?? {})) {
    if (!dimensions.includes(name)) problems.unknown([...here, 'labels', name], name, 'a dimension', dimensions, { atKey: true });
  }
  if (!kinds) return match;
  const areKnown = [
    areAll(
      match.measure,
      [...here, 'measure'],
      'a measure that is watched',
      kinds.map(({ measure }) => measure),
      problems,
    ),
    areAll(
      match.alert_type,
      [...here, 'alert_type'],
      'a type of alert',
      kinds.map(({ alert_type: type }) => type),
      problems,
    ),
  ];
  if (areKnown.every(Boolean) && !kinds.some((kind) => takesKind(match, kind))) {
    problems.add([...here, 'alert_type'], 'found a type of other measures than those beside it; expected one that these have');
  }
  return match;
}

function areAll(given: string | readonly string[] = [], here: Path, what: string, names: readonly string[], problems: Problems): boolean {
  const unknown = [given].flat().flatMap((name, index) => (names.includes(name) ? [] : [{ name, index }]));
  for (const { name, index } of unknown) {
    problems.unknown(typeof given === 'string' ? here : [...here, index], name, what, [...new Set(names)]);
  }
  return unknown.length === 0;
}

export function resolveServe(
  block: PipelineBlock['serve'],
  dimensions: readonly string[],
  rollups: readonly (readonly string[])[],
  windows: readonly WindowSpec[],
  problems: Problems,
): ServeConfig[] {
  const many = Array.isArray(block);
  const entries = block === undefined ? [] : [block].flat();
  const routes = createServedRoutes();
  return entries.map((entry, index) => {
    const here = many ? ['serve', index] : ['serve'];
    const names = windows.map((window) => window.name);
    if (!names.includes(entry.window)) problems.unknown([...here, 'window'], entry.window, 'a window', names);
    if (entries.findIndex((other) => other.path === entry.path) < index)
      problems.add([...here, 'path'], `found ${entry.path} twice; expected each path once`);
    else {
      const taken = routes.take(entry.path);
      if (taken !== undefined)
        problems.add(
          [...here, 'path'],
          `found ${entry.path}, for which the API would have to answer at ${taken} twice; expected another path`,
        );
    }
    const placeholders = placeholdersOf(entry.path);
    const fault = /[{}]/.test(entry.path.replaceAll(/\{[^{}]*\}/g, ''))
      ? `found a brace without its partner in ${JSON.stringify(entry.path)}; expected {dimension}`
      : pathFault(entry.path);
    if (fault !== undefined) problems.add([...here, 'path'], fault);
    for (const [position, name] of placeholders.entries()) {
      if (!dimensions.includes(name)) problems.unknown([...here, 'path'], name, 'a dimension', dimensions);
      if (placeholders.indexOf(name) < position) problems.add([...here, 'path'], `found {${name}} twice; expected it once`);
    }
    const served = dimensions.filter((name) => placeholders.includes(name));
    const isComputed = served.length === dimensions.length || rollups.some((rollup) => rollup.join(' ') === served.join(' '));
    if (placeholders.every((name) => dimensions.includes(name)) && !isComputed) {
      problems.add(
        [...here, 'path'],
        `found a path for [${served.join(', ')}], which is not computed; expected all dimensions, or add it to rollups`,
      );
    }
    return { path: entry.path, window: entry.window, dimensions: served };
  });
}

/** Two uses of one topic would read each other's records. */
export function resolveTopics(block: PipelineBlock, problems: Problems): PipelineTopics {
  const { windows, alerts, dead_letters: deadLetters, replay } = block.topics;
  const topics = topicsOf(block.pipeline, {
    ...(windows === undefined ? {} : { windows }),
    ...(alerts === undefined ? {} : { alerts }),
    ...(deadLetters === undefined ? {} : { deadLetters }),
    ...(replay === undefined ? {} : { replay }),
  });
  const raw: [(string | number)[], string][] = block.sources
    ? Object.entries(block.sources).map(([name, source]) => [['sources', name, 'topic'], source.topic])
    : [[['source', 'topic'], block.source?.topic ?? '']];
  const uses: [(string | number)[], string][] = [
    // First, as it is not for the file to rename.
    [['silences'], topics.silences],
    [['topics', 'windows'], topics.windows],
    [['topics', 'alerts'], topics.alerts],
    [['topics', 'dead_letters'], topics.deadLetters],
    [['topics', 'replay'], topics.replay],
    ...raw,
  ];
  for (const [index, [path, topic]] of uses.entries()) {
    const twin = uses.findIndex(([, other]) => other === topic);
    if (twin < index)
      problems.add(path, `found the topic ${JSON.stringify(topic)}, which is also ${uses[twin]?.[0].join('.')}; expected a topic for each`);
  }
  return topics;
}
