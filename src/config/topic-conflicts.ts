/** Pipelines of one process share the log: their names and topics must not clash. */
import type { LoadedPipeline } from './pipeline-config.ts';
import { AppError } from '../core/errors.ts';

/** @throws AppError `topic_conflict`: two pipelines of one name, or a topic that one writes and another writes, feeds or reads as raw */
export function topicConflicts(configs: readonly LoadedPipeline[]): void {
  const written = new Map<string, string>();
  const names = new Set<string>();
  for (const { engine, topics } of configs) {
    if (names.has(engine.pipeline)) {
      throw new AppError('topic_conflict', `two of the files are called pipeline "${engine.pipeline}"; each needs a name of its own.`);
    }
    names.add(engine.pipeline);
    for (const topic of Object.values(topics)) {
      const other = written.get(topic);
      if (other !== undefined)
        throw new AppError(
          'topic_conflict',
          `pipelines ${other} and ${engine.pipeline} both write topic "${topic}"; rename it under \`topics:\`.`,
        );
      written.set(topic, engine.pipeline);
    }
  }
  const fed = new Map<string, string>();
  for (const { engine, inputs } of configs) {
    for (const { topic } of inputs) {
      const other = fed.get(topic);
      if (other !== undefined) {
        throw new AppError(
          'topic_conflict',
          `pipelines ${other} and ${engine.pipeline} both feed topic "${topic}" (\`from:\`); leave it to one of them.`,
        );
      }
      fed.set(topic, engine.pipeline);
    }
  }
  for (const { engine } of configs) {
    for (const { topic } of engine.sources) {
      const writer = written.get(topic);
      if (writer !== undefined) {
        throw new AppError(
          'topic_conflict',
          `topic "${topic}" is raw for pipeline ${engine.pipeline} and written by ${writer}; rename one of them.`,
        );
      }
    }
  }
}
