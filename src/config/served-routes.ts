/** Where the HTTP API answers for `serve:`: at each path, at its collection (`…/all`) and at its comparison of stores (`/benchmark/…`). */
import { AppError } from '../core/errors.ts';
import type { LoadedPipeline } from './pipeline-config.ts';

/** Where the API answers by itself. `test/config/served-routes.test.ts` holds this against the server. */
export const OWN_ROUTES = [
  '/',
  '/*',
  '/assets/*',
  '/icon.svg',
  '/metrics',
  '/healthz',
  '/readyz',
  '/docs',
  '/docs/',
  '/docs/json',
  '/docs/yaml',
  '/docs/static/*',
  '/docs/static/index.html',
  '/docs/static/swagger-initializer.js',
  '/api/v1/pipelines',
  '/api/v1/pipelines/{}/status',
  '/api/v1/pipelines/{}/stream',
  '/api/v1/pipelines/{}/silences',
  '/api/v1/pipelines/{}/windows',
  '/api/v1/pipelines/{}/latest',
  '/api/v1/pipelines/{}/alerts',
  '/api/v1/pipelines/{}/alerts/{}',
  '/api/v1/pipelines/{}/dead-letters',
  '/api/v1/topics',
  '/api/v1/topics/{}/messages',
] as const;

/** What a served answer says beside its row (`server/routes/segment-answer.ts`). */
export const ANSWER_FIELDS: readonly string[] = ['source', 'age', 'response_time_ms'];

/** Folders of the server's own files: a placeholder within would come before them. */
const OWN_FOLDERS = OWN_ROUTES.filter((route) => route.endsWith('/*') && route !== '/*');

export interface ServedRoutes {
  /** Yields the first of the path's routes that is taken: then it cannot be served. */
  take(path: string): string | undefined;
}

/** Of one server. What a placeholder is called makes no difference to it. */
export function createServedRoutes(): ServedRoutes {
  const taken = new Set<string>(OWN_ROUTES);
  const collections = new Set<string>();

  return {
    take(path) {
      const route = path.replaceAll(/\{[^{}]*\}/g, '{}');
      const routes = [route, `/benchmark${route.startsWith('/metrics/') ? route.slice('/metrics'.length) : route}`];
      const first = route.indexOf('{}');
      const collection = `${route.slice(0, first).replace(/[^/]*$/, '')}all`;
      // Of several paths with the same beginning the first has the collection.
      if (first >= 0 && !collections.has(collection)) {
        collections.add(collection);
        routes.push(collection);
      }
      for (const one of routes) {
        const own = taken.has(one) ? one : OWN_FOLDERS.find((folder) => one.startsWith(folder.slice(0, -1)));
        if (own !== undefined) return own;
        taken.add(one);
      }
      return undefined;
    },
  };
}

/**
 * Of pipelines whose HTTP API is one. A run that opens none, as with `--once`, is not held to it.
 * @throws AppError `config_invalid`: paths that a server cannot tell apart
 */
export function servedConflicts(configs: readonly LoadedPipeline[]): void {
  const routes = createServedRoutes();
  for (const { engine, serve } of configs) {
    for (const { path } of serve) {
      const taken = routes.take(path);
      if (taken === undefined) continue;
      throw new AppError(
        'config_invalid',
        `pipeline ${engine.pipeline} and one of the others both serve ${path}, or need ${taken} for it; give one of them another path.`,
      );
    }
  }
}
