/** The running pipeline that a simulation is for: it has to take ad events. */
import { loadPipeline } from '../../config/load-pipeline.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { unknownName } from '../../config/problem.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { createRandom } from '../../core/random.ts';
import { createJsonValidator } from '../../schemas/json-schema.ts';
import { createEventWriter } from '../../sources/generator/event.ts';
import { createSegments, type Segment } from '../../sources/generator/market.ts';
import type { SourceSpec } from '../../windows/spec.ts';
import { connectHolder } from '../control/holder.ts';
import { choosePipeline, withReading } from '../readers/reading.ts';

export interface Target {
  readonly config: LoadedPipeline;
  readonly source: SourceSpec;
}

/** What a simulated event has for dimensions, time and id. */
const FIELDS = { dimensions: ['country', 'ad_format'], time: 'event_time', id: 'event_id' } as const;

/** @throws AppError `control_unreachable` where nothing runs on the directory; `pipeline_unknown`, `usage` for one that takes other events */
export async function findTarget(data: string, names: { pipeline?: string; topic?: string }, clock: Clock): Promise<Target> {
  const file = await withReading(data, clock, async (reading) => {
    if (names.pipeline === undefined && names.topic !== undefined) return fileOfTopic(reading.pipelines, names.topic, reading.dir);
    return choosePipeline(reading, names.pipeline).file;
  });
  if (!(await connectHolder(data))) {
    throw new AppError(
      'control_unreachable',
      `no Tocsin runs on ${data}: start one there first (tocsin run FILE --data ${data}), or name another directory with --data`,
    );
  }
  const config = loadPipeline(file);
  const { sources, dimensions, pipeline } = config.engine;
  const source = names.topic === undefined ? sources[0]! : sources.find(({ topic }) => topic === names.topic);
  if (!source) {
    const topics = sources.map(({ topic }) => topic);
    throw new AppError('usage', `--topic: ${unknownName(names.topic ?? '', `a topic of ${pipeline}`, topics)}`);
  }
  const fault = faultOf(source, dimensions);
  if (fault !== undefined) {
    throw new AppError(
      'usage',
      `the pipeline ${pipeline} does not count ad events from ${source.topic}: ${fault}; expected one such as pipelines/adtech.yml`,
    );
  }
  return { config, source };
}

function fileOfTopic(pipelines: readonly { file: string; sources: readonly { topic: string }[] }[], topic: string, dir: string): string {
  const found = pipelines.find(({ sources }) => sources.some((source) => source.topic === topic));
  if (found) return found.file;
  const topics = pipelines.flatMap(({ sources }) => sources.map((source) => source.topic));
  throw new AppError('topic_unknown', `--topic: ${unknownName(topic, `a raw topic of the pipelines on ${dir}`, topics)}`);
}

function faultOf({ event, format, schema }: SourceSpec, dimensions: readonly string[]): string | undefined {
  if (format !== 'json') return `its format is ${format}`;
  const lacking = FIELDS.dimensions.filter((name) => !dimensions.includes(name));
  if (lacking.length > 0) return `it has no dimension ${lacking.join(' and ')}`;
  if (event.time !== FIELDS.time) return `its event time is ${event.time}`;
  if (event.id !== undefined && event.id !== FIELDS.id) return `its event id is ${event.id}`;
  const writer = createEventWriter(createSegments()[0]!, createRandom(1));
  writer.next();
  const reason = schema && createJsonValidator(schema).check(JSON.parse(writer.event('impression', 0, 1)));
  return reason === undefined ? undefined : `its schema refuses them (${reason})`;
}

/** @throws AppError `usage` */
export function findSegment(text: string): Segment {
  const segments = createSegments();
  const nameOf = ({ country, ad_format: format }: Segment): string => `${country}/${format}`;
  const found = segments.find((segment) => nameOf(segment).toLowerCase() === text.toLowerCase());
  if (found) return found;
  throw new AppError('usage', `--segment: ${unknownName(text, 'a country and an ad format', segments.map(nameOf))}`);
}
