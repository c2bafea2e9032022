/** The blocks about who is told and what is served: `receivers`, `serve`, `topics`. */
import { receiverCatalog } from '../receivers/catalog.ts';
import type { ReceiverKind } from '../receivers/receiver.ts';
import { topicsOf, type PipelineTopics } from '../pipeline/topics.ts';
import type { WindowSpec } from '../windows/spec.ts';
import type { ReceiverConfig, ServeConfig } from './pipeline-config.ts';
import type { PipelineBlock } from './pipeline-schema.ts';
import type { Problems } from './problem.ts';
import { checkWith } from './zod-problems.ts';

export const RECEIVER_TYPES = Object.keys(receiverCatalog);

export function receiverKind(name: string): ReceiverKind | undefined {
  return Object.hasOwn(receiverCatalog, name) ? (receiverCatalog as unknown as Record<string, ReceiverKind>)[name] : undefined;
}

export function resolveReceivers(block: PipelineBlock['receivers'], problems: Problems): ReceiverConfig[] {
  return Object.entries(block ?? { console: { type: 'console' } }).flatMap(([name, { type, ...settings }]) => {
    const kind = receiverKind(type ?? '');
    if (type === undefined || kind === undefined) {
      problems.unknown(['receivers', name, 'type'], type ?? 'no type', 'a type of receiver', RECEIVER_TYPES);
      return [];
    }
    const checked = checkWith(kind.config, settings);
    if (checked.ok) return [{ name, kind: type, config: checked.value }];
    for (const problem of checked.problems) problems.add(['receivers', name, ...problem.path], problem.message, problem);
    return [];
  });
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
  return entries.map((entry, index) => {
    const here = many ? ['serve', index] : ['serve'];
    const names = windows.map((window) => window.name);
    if (!names.includes(entry.window)) problems.unknown([...here, 'window'], entry.window, 'a window', names);
    if (entries.findIndex((other) => other.path === entry.path) < index)
      problems.add([...here, 'path'], `found ${entry.path} twice; expected each path once`);
    const placeholders = [...entry.path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '');
    if (/[{}]/.test(entry.path.replaceAll(/\{[^{}]*\}/g, ''))) {
      problems.add([...here, 'path'], `found a brace without its partner in ${JSON.stringify(entry.path)}; expected {dimension}`);
    }
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
