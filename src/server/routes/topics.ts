/** What the log holds: topics, and the records of a partition. */
import type { FastifyInstance } from 'fastify';
import { inTime } from '../in-time.ts';
import type { ServerLimits } from '../limits.ts';
import type { Surface } from '../surface.ts';

const ADVICE = 'ask again';

export function topicRoutes(
  app: FastifyInstance,
  surface: Pick<Surface, 'topics' | 'messages'>,
  { answerMs }: Pick<ServerLimits, 'answerMs'>,
): void {
  const tags = ['topics'];
  app.get('/api/v1/topics', { schema: { tags, summary: 'Topics of the log with their partitions.' } }, () =>
    inTime(answerMs, ADVICE, () => surface.topics()),
  );

  app.get<{ Params: { topic: string }; Querystring: { partition: number; offset: number; limit: number } }>(
    '/api/v1/topics/:topic/messages',
    {
      schema: {
        tags,
        summary: 'Records of a partition from an offset on.',
        description: 'A negative offset counts from the end. Bytes that are not UTF-8 are shown as U+FFFD; a long value is cut off.',
        params: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] },
        querystring: {
          type: 'object',
          properties: {
            partition: { type: 'integer', minimum: 0, default: 0 },
            offset: { type: 'integer', default: -20 },
            limit: { type: 'integer', minimum: 1, maximum: 1_000, default: 20 },
          },
        },
      },
    },
    ({ params, query }) => inTime(answerMs, ADVICE, () => surface.messages(params.topic, query)),
  );
}
