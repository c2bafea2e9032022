/** For what watches the process: alive, and ready. */
import type { FastifyInstance } from 'fastify';
import { inTime } from '../in-time.ts';
import type { ServerLimits } from '../limits.ts';
import { HttpProblem } from '../problem.ts';
import type { Surface } from '../surface.ts';

export function healthRoutes(app: FastifyInstance, surface: Pick<Surface, 'notReady'>, { probeMs }: Pick<ServerLimits, 'probeMs'>): void {
  const tags = ['health'];
  app.get('/healthz', { schema: { tags, summary: 'The process is alive.' } }, async () => ({ status: 'alive' }));
  app.get(
    '/readyz',
    { schema: { tags, summary: '200 once the pipelines have caught up with what is in the log, 503 until then.' } },
    async () => {
      const reason = await inTime(probeMs, 'ask again', () => surface.notReady());
      if (reason !== undefined) throw new HttpProblem(503, reason, { 'retry-after': '1' });
      return { status: 'ready' };
    },
  );
}
