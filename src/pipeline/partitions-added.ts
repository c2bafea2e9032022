/** Partitions that a raw topic got after this process had counted them. */
import { AppError } from '../core/errors.ts';

export function partitionsAdded(pipeline: string, name: string, known: number): AppError {
  return new AppError(
    'topic_conflict',
    `pipeline ${pipeline}: ${name} is a partition that was added while this process ran; when it started the topic had ${known}. ` +
      'Stop all processes of the pipeline, and start them again: each then knows of it.',
  );
}
