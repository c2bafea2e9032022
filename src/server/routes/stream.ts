/** The live stream of a pipeline. */
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../core/errors.ts';
import type { ServerLimits } from '../limits.ts';
import { HttpProblem } from '../problem.ts';
import type { AlertLocale } from '../../receivers/alert-event.ts';
import { serveStream } from '../stream/client.ts';
import { LANG } from './lang.ts';
import type { Surface } from '../surface.ts';

/** `track`: told of each open stream, so that they can be ended. */
export function streamRoutes(
  app: FastifyInstance,
  surface: Pick<Surface, 'pipelines'>,
  limits: ServerLimits,
  track: (stream: { end(): void }, ended: Promise<void>) => void,
): void {
  app.get<{ Params: { pipeline: string }; Querystring: { lang?: AlertLocale } }>(
    '/api/v1/pipelines/:pipeline/stream',
    {
      // A stream has no end: a HEAD request would wait for ever and count as a listener.
      exposeHeadRoute: false,
      schema: {
        tags: ['pipelines'],
        summary: 'Server-Sent Events: points, alert, status, reset.',
        description: 'A client that comes back with `Last-Event-ID` gets what it missed, else the event `reset`: it has to load anew.',
        produces: ['text/event-stream'],
        params: { type: 'object', properties: { pipeline: { type: 'string' } }, required: ['pipeline'] },
        querystring: { type: 'object', properties: { lang: LANG } },
      },
    },
    async (request, reply) => {
      const { pipeline } = request.params;
      const view = surface.pipelines.find(({ info }) => info.name === pipeline);
      if (!view) throw new AppError('pipeline_unknown', `no pipeline ${JSON.stringify(pipeline)} runs here`);
      const clients = surface.pipelines.reduce((sum, { stream }) => sum + stream.clients, 0);
      if (clients >= limits.streamClients) {
        throw new HttpProblem(503, `${clients} clients listen already, which is the most there may be`, { 'retry-after': '10' });
      }
      const last = request.headers['last-event-id'];
      reply.hijack();
      const ended = serveStream(
        reply.raw,
        view.stream,
        { lastEventId: typeof last === 'string' ? last : undefined, lang: request.query.lang },
        limits,
      );
      track(reply.raw, ended);
      await ended;
    },
  );
}
