/** A path that is there, asked by a method that it does not have: 405 with `Allow` (RFC 9110), not 404 as though there were no such path. */
import type { FastifyInstance } from 'fastify';
import { HttpProblem, pathOf } from './problem.ts';

/**
 * Call it before the first route, as it collects their paths, and what it returns after the last: that gives each path the methods it lacks.
 * Paths with `*`, the files of the page, are left out: they say nothing of what is there.
 */
export function collectPaths(app: FastifyInstance): () => void {
  const paths = new Set<string>();
  app.addHook('onRoute', ({ url }) => {
    if (!url.includes('*')) paths.add(url);
  });
  return () => {
    for (const url of paths) {
      const { has = [], lacks = [] } = Object.groupBy(app.supportedMethods, (method) => (app.hasRoute({ method, url }) ? 'has' : 'lacks'));
      app.route({
        method: lacks,
        url,
        schema: { hide: true },
        // Before a body is looked at.
        onRequest({ method, url: asked }) {
          const detail = `there is no ${method} ${pathOf(asked)} here; expected ${has.join(' or ')}`;
          throw new HttpProblem(405, detail, { allow: has.join(', ') });
        },
        handler() {},
      });
    }
  };
}
