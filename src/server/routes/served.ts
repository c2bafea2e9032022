/** The paths of `serve:`, each with its collection (`…/all`) and its comparison of stores (`/benchmark/…`). */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Labels } from '../../core/labels.ts';
import { HttpProblem } from '../problem.ts';
import type { ServedPath, Surface } from '../surface.ts';
import { answerText, createSegmentAnswers, flat, isKnown } from './segment-answer.ts';
import { compareStores } from './store-comparison.ts';

const TAGS = ['serve'];
const JSON_TYPE = 'application/json; charset=utf-8';
const QUERY = { type: 'object', properties: { window: { type: 'string', description: 'another window of the pipeline' } } } as const;

interface Request {
  Params: Record<string, string>;
  Querystring: { window?: string };
}

/** @throws AppError `config_invalid` where two paths clash, with each other or with the API's own */
export function servedRoutes(app: FastifyInstance, surface: Pick<Surface, 'served'>, { clock }: { clock: Clock }): void {
  let comparing = false;
  const answerFor = createSegmentAnswers();
  const collections = new Set<string>();
  for (const served of surface.served) {
    const { pipeline, path, dimensions } = served;
    const params = { type: 'object', properties: Object.fromEntries(placeholders(path).map((_, i) => [`p${i}`, { type: 'string' }])) };
    const names = placeholders(path);
    const places = dimensions.map((name) => [name, `p${names.indexOf(name)}`] as const);

    add(path, served, () =>
      app.route<Request>({
        method: 'GET',
        url: routeOf(path),
        schema: { tags: TAGS, summary: `The latest window of a segment (pipeline ${pipeline}): ${path}`, params, querystring: QUERY },
        handler: async (request, reply) => {
          const startedAt = clock.elapsed();
          const window = windowOf(served, request.query);
          const labels = labelsOf(request.params);
          const { source, rows: row } = await served.latest(window, labels);
          if (!row) throw new HttpProblem(404, await served.suggest(window, labels));
          const answer = answerFor(row);
          reply.header('etag', answer.etag).header('cache-control', 'no-cache');
          if (isKnown(request.headers['if-none-match'], answer.etag)) return reply.code(304).send();
          reply.type(JSON_TYPE);
          return answerText(answer, source, ageOf(answer.endMs, clock), round(clock.elapsed() - startedAt));
        },
      }),
    );

    add(benchmarkPath(path), served, () =>
      app.route<Request>({
        method: 'GET',
        url: routeOf(benchmarkPath(path)),
        schema: {
          tags: TAGS,
          summary: `The hot store against the OLAP store (pipeline ${pipeline}), medians`,
          params,
          querystring: QUERY,
        },
        handler: async (request) => {
          const window = windowOf(served, request.query);
          const labels = labelsOf(request.params);
          const { source, rows: row } = await served.latest(window, labels);
          if (!row) throw new HttpProblem(404, await served.suggest(window, labels));
          if (comparing) throw new HttpProblem(429, 'another comparison is under way', { 'retry-after': '1' });
          comparing = true;
          try {
            return await compareStores(served, window, labels, { source, rows: row }, { clock });
          } finally {
            comparing = false;
          }
        },
      }),
    );

    // Of several paths with the same beginning the first has the collection.
    const collection = `${path.slice(0, path.indexOf('{') === -1 ? path.length : path.indexOf('{')).replace(/[^/]*$/, '')}all`;
    if (names.length > 0 && !collections.has(collection)) {
      collections.add(collection);
      add(collection, served, () =>
        app.route<Request>({
          method: 'GET',
          url: routeOf(collection),
          schema: {
            tags: TAGS,
            summary: `The latest window of every segment by ${dimensions.join(' and ')} (pipeline ${pipeline})`,
            querystring: QUERY,
          },
          handler: async (request) => {
            const startedAt = clock.elapsed();
            const window = windowOf(served, request.query);
            const { source, rows } = await served.all(window);
            const metrics = rows.map((row) => ({ ...flat(row), source, age: ageOf(Date.parse(row.window_end), clock) }));
            return { window, count: metrics.length, source, response_time_ms: round(clock.elapsed() - startedAt), metrics };
          },
        }),
      );
    }

    function labelsOf(values: Readonly<Record<string, string>>): Labels {
      const labels: Record<string, string> = {};
      for (const [name, place] of places) labels[name] = values[place] ?? '';
      return labels;
    }
  }
}

function add(path: string, { pipeline }: ServedPath, register: () => void): void {
  try {
    register();
  } catch (error) {
    throw new AppError(
      'config_invalid',
      `pipeline ${pipeline}: \`serve\` cannot answer at ${path} (${(error as Error).message}); choose another path`,
      { cause: error },
    );
  }
}

/** `/metrics/{country}` -> `/benchmark/{country}`; another path `/x/{country}` -> `/benchmark/x/{country}`. */
function benchmarkPath(path: string): string {
  return `/benchmark${path.startsWith('/metrics/') ? path.slice('/metrics'.length) : path}`;
}

function placeholders(path: string): string[] {
  return [...path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]!);
}

/** The router's own writing; a dimension may have a name that it would misread, so they are numbered. */
function routeOf(path: string): string {
  let i = 0;
  return path.replaceAll(':', '::').replaceAll(/\{[^{}]*\}/g, () => `:p${i++}`);
}

function windowOf({ window, windows }: ServedPath, query: { readonly window?: string }): string {
  if (query.window === undefined) return window;
  if (windows.includes(query.window)) return query.window;
  throw new HttpProblem(400, `found window ${JSON.stringify(query.window)}; expected one of: ${windows.join(', ')}`);
}

/** ms since the window ended, by the clock; 0 while it is open. */
function ageOf(endMs: number, clock: Clock): number {
  return Math.max(0, clock.now() - endMs);
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
