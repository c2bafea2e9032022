/** Events pushed into a topic of the log. */
import type { FastifyInstance } from 'fastify';
import { createSpareBuffers } from '../../core/spare-buffers.ts';
import type { EventsAccepted } from '../api.ts';
import { withBody } from '../events/body.ts';
import { dropRest } from '../events/drop-rest.ts';
import type { BodyBudget } from '../events/gathering.ts';
import { createLineCutter } from '../events/lines/line-cutter.ts';
import { bodyKind, createRecordReader } from '../events/records.ts';
import { inTime } from '../in-time.ts';
import type { ServerLimits } from '../limits.ts';
import { HttpProblem } from '../problem.ts';
import type { PushTarget, Surface } from '../surface.ts';

/** Told to a client that is ahead of the reader, seconds. */
const RETRY_AFTER_S = '1';
const UNREAD = 'nothing of the body was taken: send it again';
const UNKNOWN = 'whether it has the events is not known: send them again, those with an id count once';
/** Of bodies that were read, for those to come. */
const SPARE_BYTES = 8 << 20;

/** In a context of its own: nowhere else is a body taken as a stream. */
export async function eventRoutes(app: FastifyInstance, surface: Pick<Surface, 'pushTarget'>, limits: ServerLimits): Promise<void> {
  const budget: BodyBudget = { held: 0, buffers: createSpareBuffers(SPARE_BYTES) };
  const reading = { most: limits.recordsPerBody, openLines: createLineCutter() };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  // Also what is refused before its body is looked at: wherever an answer comes early, a rest may follow.
  app.addHook('onSend', (request, _reply, _payload, done) => {
    dropRest(request.raw, limits);
    done();
  });

  app.post<{ Params: { topic: string }; Querystring: { partition: number } }>(
    '/api/v1/events/:topic',
    {
      schema: {
        tags: ['events'],
        summary: 'Appends events to a topic: all of the body or nothing of it.',
        description:
          'A body of lines (`application/x-ndjson`) or one event or an array of them (`application/json`), as it is or compressed (`Content-Encoding: gzip`, ' +
          '`zstd`). The answer 202 comes when the events are durable. Without an answer it is unknown whether they are: send them again, ' +
          'events with an id count once. 429 means that the topic is not read as fast as it is filled, 503 that the log does not answer: wait `Retry-After` seconds.',
        consumes: ['application/x-ndjson', 'application/json'],
        params: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] },
        querystring: { type: 'object', properties: { partition: { type: 'integer', minimum: 0, default: 0 } } },
      },
    },
    async (request, reply): Promise<EventsAccepted> => {
      const { topic } = request.params;
      const { partition } = request.query;
      const accepted = await inTime(limits.answerMs, UNKNOWN, async (late) => {
        // A body that is not read fills the connection, and a request that does not arrive is ended as one that is sent too slowly.
        const target = await inTime(limits.readMs, UNREAD, openTarget);
        const reader = createRecordReader(bodyKind(request.headers['content-type']), reading);
        return withBody(request.raw, limits, { budget, writer: reader.writer }, async (body) => {
          const records = await reader.records(body);
          // Again: others may have filled it while this body came in.
          await refuseBacklog(target);
          late.throwIfAborted();
          const first = await target.append(partition, records);
          return { topic, partition, records: records.ends.length, first_offset: first };
        });
      });
      reply.code(202);
      return accepted;

      async function openTarget(): Promise<PushTarget> {
        const target = await surface.pushTarget(topic);
        if (partition >= target.partitions) {
          throw new HttpProblem(
            400,
            `found partition ${partition}; topic ${topic} has ${target.partitions}: expected 0 to ${target.partitions - 1}`,
          );
        }
        await refuseBacklog(target);
        return target;
      }

      async function refuseBacklog({ backlog }: PushTarget): Promise<void> {
        const { records, bytes } = await backlog(partition);
        if (records > limits.backlogRecords) refuse(`${records} records`, `${limits.backlogRecords}`);
        if (bytes > limits.backlogBytes) refuse(`${bytes} bytes`, `${limits.backlogBytes}`);
      }

      function refuse(found: string, most: string): never {
        throw new HttpProblem(429, `${found} of topic ${topic} are not read yet; at most ${most} may wait`, {
          'retry-after': RETRY_AFTER_S,
        });
      }
    },
  );
}
