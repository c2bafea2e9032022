/** The dashboard's files, where they are built; else a page that says how to build them. */
import { existsSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { HttpProblem, pathOf } from './problem.ts';

/** No scripts but the server's own files; style attributes are set by the charts. */
const PAGE_POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const NOT_BUILT =
  '<!doctype html><meta charset="utf-8"><title>Tocsin</title><h1>Tocsin runs</h1>' +
  '<p>The dashboard is not built yet. Build it with <code>make web</code>, then load this page again.</p>' +
  '<p><a href="/docs">API</a> · <a href="/metrics">metrics</a> · <a href="/api/v1/pipelines">pipelines</a></p>';
/** Paths of programs: what is not there is a problem, never the page. */
const OF_PROGRAMS = /^\/(api|metrics|benchmark|docs|healthz|readyz|assets)(\/|$)/;

/** `root`: absolute path of the folder with index.html; it may be made later. */
export async function pageRoutes(app: FastifyInstance, root: string): Promise<void> {
  await app.register(fastifyStatic, {
    root,
    schemaHide: true,
    suppressWarning: true,
    index: false,
    cacheControl: false,
    setHeaders(reply, path) {
      // Names in assets/ hold a hash of their content.
      const isHashed = path.startsWith(join(root, 'assets') + sep);
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('content-security-policy', PAGE_POLICY);
    },
  });

  // Beside `/*`, which comes after what `serve:` answers under: a path such as `/{country}/{device}` must not take these.
  app.get<{ Params: { '*': string } }>('/assets/*', { schema: { hide: true } }, ({ params }, reply) =>
    reply.sendFile(`assets/${params['*']}`),
  );
  app.get('/icon.svg', { schema: { hide: true } }, (_request, reply) => reply.sendFile('icon.svg'));

  const page = (reply: FastifyReply): FastifyReply => {
    if (existsSync(join(root, 'index.html'))) return reply.sendFile('index.html');
    return reply.header('content-security-policy', PAGE_POLICY).type('text/html; charset=utf-8').send(NOT_BUILT);
  };
  app.get('/', { schema: { hide: true } }, (_request, reply) => page(reply));
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    const wantsPage = request.method === 'GET' && request.headers.accept?.includes('text/html') === true;
    if (wantsPage && !OF_PROGRAMS.test(path) && extname(path) === '') return page(reply);
    throw new HttpProblem(404, `there is no ${request.method} ${path} here; /docs lists what there is`);
  });
}
