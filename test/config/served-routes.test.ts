/** What the loader refuses under `serve:` is what the server could not answer, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definePipeline } from '../../src/config/load-pipeline.ts';
import { ANSWER_FIELDS, createServedRoutes, OWN_ROUTES, servedConflicts } from '../../src/config/served-routes.ts';
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
