/**
 * Which pipeline alone writes a topic, by the names of a log's topics. On Kafka stages run apart and leave topics between them; the record of
 * a pipeline that runs elsewhere is not at hand there. What others put between the stages would stop the next one.
 */
import { partialsTopic, snapshotsTopic, stateTopic } from '../pipeline/stage-topics.ts';
import { topicsOf } from '../pipeline/topics.ts';

const PARTIALS = partialsTopic('');

/** `names`: of all topics of the log. Topics that a pipeline file names otherwise are not known by this. */
export function writersByNames(names: readonly string[]): (topic: string) => string | undefined {
  const there = new Set(names);
  const pipelines = names
    .filter((name) => name.endsWith(PARTIALS))
    .map((name) => name.slice(0, -PARTIALS.length))
    // A start makes both, and no file names them otherwise: one alone may be anybody's raw topic.
    .filter((pipeline) => there.has(topicsOf(pipeline).silences));
  return (topic) =>
    pipelines.find((pipeline) => {
      const own = [...Object.values(topicsOf(pipeline)), partialsTopic(pipeline), stateTopic(pipeline)];
      return own.includes(topic) || topic.startsWith(snapshotsTopic(pipeline, ''));
    });
}
