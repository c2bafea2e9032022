/** What the loader refuses under `serve:` is what the server could not answer, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definePipeline } from '../../src/config/load-pipeline.ts';
import { ANSWER_FIELDS, createServedRoutes, OWN_ROUTES, servedConflicts } from '../../src/config/served-routes.ts';
import { placeholdersOf } from '../../src/config/served-path.ts';
import type { ServedPath } from '../../src/server/surface.ts';
import { fakeSurface, serverOn } from '../server/fake-surface.ts';

const named = (route: string): string => {
  let n = 0;
  return route.replaceAll('{}', () => `{p${n++}}`);
};

function pipeline(name: string, ...paths: string[]) {
  return definePipeline({
    pipeline: name,
    source: { topic: 'raw' },
    event: { time: 'at' },
    dimensions: ['country', 'device'],
    measures: { visits: { count: 'events' } },
    windows: ['1m'],
    rollups: [['country'], []],
    serve: paths.map((path) => ({ path, window: '1m' })),
  });
}

test('each path that the API has of its own is refused when the file is read, and is one that the server cannot serve', async (t) => {
  for (const route of OWN_ROUTES) {
    assert.equal(createServedRoutes().take(named(route)), route);
    const surface = fakeSurface();
    surface.served = [{ ...surface.served[0]!, path: named(route), dimensions: [] }];
    await assert.rejects(serverOn(t, surface), Error, route);
  }
  for (const path of ['/metrics', '/healthz', '/docs', '/'])
    assert.throws(() => pipeline('shop', path), { code: 'config_invalid', message: /the API would have to answer at/ }, path);
});

test('no path of the API is missing in the list', async (t) => {
  const surface = fakeSurface();
  surface.served = [];
  const { app } = await serverOn(t, surface);
  const { paths } = (await app.inject('/docs/json')).json<{ paths: Record<string, { get?: unknown }> }>();
  const documented = Object.entries(paths).filter(([, methods]) => methods.get !== undefined);
  assert.ok(documented.length > 10);
  for (const [path] of documented)
    assert.ok(
      OWN_ROUTES.some((own) => own === path.replaceAll(/\{[^{}]*\}/g, '{}')),
      path,
    );
});

test('paths that one server could not tell apart are refused, within a file and between files; others are not', async (t) => {
  for (const [paths, isRight] of [
    [['/shop/{country}', '/shop/{country}/{device}', '/shop'], true],
    [['/metrics/{country}', '/metrics/{country}/{device}'], true],
    [['/shop/{country}', '/shop/all'], false],
    [['/metrics/{country}', '/{country}'], false],
  ] as const) {
    const surface = fakeSurface();
    surface.served = paths.map((path) => ({ ...surface.served[0]!, path, dimensions: [] }));
    if (isRight) {
      await serverOn(t, surface);
      pipeline('shop', ...paths);
    } else {
      await assert.rejects(serverOn(t, surface), { code: 'config_invalid' }, String(paths));
      assert.throws(() => pipeline('shop', ...paths), { code: 'config_invalid' }, String(paths));
    }
  }
  const others = (path: string) => servedConflicts([pipeline('shop', '/kpi/{country}'), pipeline('ads', path)]);
  others('/ads/{country}');
  assert.throws(() => others('/kpi/{country}'), { code: 'config_invalid', message: /pipeline ads .* serve \/kpi\/\{country\}/ });
});

test('a path that the loader takes is answered at, for the values that stand there; where none could be told it takes none', async (t) => {
  for (const [path, asked, values] of [
    ['/{country}', '/KR', { country: 'KR' }],
    ['/{country}/{device}', '/KR/tv', { country: 'KR', device: 'tv' }],
    ['/metrics/{country}/{device}', '/metrics/KR/smart-tv', { country: 'KR', device: 'smart-tv' }],
    ['/shop/in-{country}.json', '/shop/in-K.R_.json', { country: 'K.R_' }],
    ['/shop/{country}-(now):x/{device}', '/shop/KR-(now):x/tv', { country: 'KR', device: 'tv' }],
    ['/가게:(1)/{country}', '/가게:(1)/KR', { country: 'KR' }],
    ['/shop/{country}:{device}', '/shop/KR:tv', undefined],
    ['/shop/{country}{device}', '/shop/KRtv', undefined],
    ['/shop/{country}(x)', '/shop/KR(x)', undefined],
    ['/a%41/{country}', '/a%41/KR', undefined],
    ['/a/./{country}', '/a/./KR', undefined],
    ['/a\\b/{country}', '/a\\b/KR', undefined],
  ] as const) {
    const surface = fakeSurface();
    const given: Record<string, string>[] = [];
    const latest: ServedPath['latest'] = async (_, labels) => {
      given.push(labels);
      return { source: 'hot', rows: surface.rows[0] };
    };
    const dimensions = placeholdersOf(path);
    surface.served = [{ ...surface.served[0]!, path, dimensions, latest }];
    const url = await (await serverOn(t, surface)).listen();
    const { status } = await fetch(`${url}${asked}`);
    if (values) {
      assert.deepEqual([status, given], [200, [values]], path);
      assert.deepEqual(pipeline('shop', path).serve[0]!.path, path);
    } else {
      assert.notDeepEqual([status, Object.values(given[0] ?? {})], [200, asked.match(/KR|tv/g)], path);
      assert.throws(() => pipeline('shop', path), { code: 'config_invalid', message: /serve/ }, path);
    }
  }
});

test('what an answer says beside its row is what no served name may be', async (t) => {
  const surface = fakeSurface();
  const [row] = surface.rows;
  const { app } = await serverOn(t, surface);
  const answer = (await app.inject('/metrics/US/banner')).json<Record<string, unknown>>();
  const ofRow = [...Object.keys(row!.labels), ...Object.keys(row!.measures), 'window', 'window_start', 'window_end', 'final'];
  assert.deepEqual(
    Object.keys(answer).filter((key) => !ofRow.includes(key)),
    ANSWER_FIELDS,
  );
});
