import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sampleAlert } from '../../test/support/sample-alert.ts';
import { fakeSurface, serverOn, windowRow, type ServerOptions } from '../../test/server/fake-surface.ts';
import { AppError } from '../core/errors.ts';
import { HttpProblem } from './problem.ts';
import type { ServedPath } from './surface.ts';
import { temporary } from '../../test/support/temporary.ts';

async function open(t: TestContext, options: ServerOptions = {}) {
  const surface = fakeSurface();
  const { app } = await serverOn(t, surface, options);
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await app.inject({ url, headers: { host: 'localhost', ...headers } });
    return { ...answer, status: answer.statusCode, headers: answer.headers, text: answer.body, json: () => answer.json() };
  };
  return { surface, app, get };
}

test('a served segment is one flat object, of the window asked for', async (t) => {
  const { surface, get } = await open(t);
  surface.rows.push(windowRow({ country: 'US', ad_format: 'banner' }, { window: '1m', measures: { clicks: 1 }, final: false }));
  const { age, response_time_ms, ...rest } = (await get('/metrics/US/banner')).json();
  assert.deepEqual(rest, {
    country: 'US',
    ad_format: 'banner',
    clicks: 3,
    ctr: null,
    window: '5m',
    window_start: '2026-03-02T09:00:00.000Z',
    window_end: '2026-03-02T09:05:00.000Z',
    final: true,
    source: 'hot',
  });
  assert.ok(age > 0 && response_time_ms >= 0 && response_time_ms < 1_000);
  const minute = (await get('/metrics/US/banner?window=1m')).json();
  assert.deepEqual([minute.window, minute.clicks, minute.final], ['1m', 1, false]);
  assert.match((await get('/metrics/US/banner?window=7m')).json().detail, /expected one of: 1m, 5m/);
  const unknown = await get('/metrics/UX/banner');
  assert.deepEqual([unknown.status, unknown.json().detail], [404, 'did you mean US?']);
  assert.match(String(unknown.headers['content-type']), /^application\/problem\+json/);
});

test('a segment that has not changed need not be sent again; one row has one tag, whatever the clock says', async (t) => {
  const { surface, get } = await open(t);
  const first = await get('/metrics/US/banner');
  const etag = String(first.headers['etag']);
  assert.equal((await get('/metrics/US/banner')).headers['etag'], etag);
  for (const known of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*']) {
    const again = await get('/metrics/US/banner', { 'if-none-match': known });
    assert.deepEqual([again.status, again.text, again.headers['etag']], [304, '', etag]);
  }
  assert.equal((await get('/metrics/US/banner', { 'if-none-match': '"other"' })).status, 200);
  surface.rows.splice(0, 1, windowRow({ country: 'US', ad_format: 'banner' }, { version: '99', measures: { clicks: 4 } }));
  const changed = await get('/metrics/US/banner', { 'if-none-match': etag });
  assert.deepEqual([changed.status, changed.json().clicks], [200, 4]);
  assert.notEqual(changed.headers['etag'], etag);
});

test('all segments, and the comparison of the stores with and without an OLAP store', async (t) => {
  const { surface, get } = await open(t);
  const all = (await get('/metrics/all')).json();
  assert.equal(all.count, 1);
  assert.equal(all.metrics[0].country, 'US');
  const without = (await get('/benchmark/US/banner')).json();
  assert.ok(without.hot_store.response_time_ms > 0);
  assert.deepEqual([without.olap_store, without.comparison.hot_store_faster_by], [null, null]);
  surface.olapRows = [];
  const withOlap = (await get('/benchmark/US/banner')).json();
  assert.ok(withOlap.olap_store.response_time_ms > 0);
  assert.match(withOlap.comparison.hot_store_faster_by, /^\d+\.\dx$/);
});

test('an answer says which store it is from; where neither answers it is 503 and when to come back', async (t) => {
  const { surface, get } = await open(t);
  surface.source = 'olap';
  surface.olapRows = [];
  assert.equal((await get('/metrics/US/banner')).json().source, 'olap');
  const all = (await get('/metrics/all')).json();
  assert.deepEqual([all.source, all.metrics[0].source, all.metrics[0].age > 0], ['olap', 'olap', true]);
  // What the hot store did not answer is no time of it.
  const compared = (await get('/benchmark/US/banner')).json();
  assert.deepEqual([compared.hot_store, compared.comparison.hot_store_faster_by], [null, null]);
  surface.away = new AppError('hot_store_unavailable', 'Redis is away. So is ClickHouse.', { retryable: true });
  const answer = await get('/metrics/all');
  assert.deepEqual([answer.status, answer.json().detail, answer.headers['retry-after']], [503, 'Redis is away. So is ClickHouse.', '5']);
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
});

test('names with odd characters are found, broken escapes are refused', async (t) => {
  const { surface, get } = await open(t);
  surface.rows.push(windowRow({ country: 'a/b ü%', ad_format: 'x'.repeat(256) }));
  assert.equal((await get(`/metrics/${encodeURIComponent('a/b ü%')}/${'x'.repeat(256)}`)).status, 200);
  assert.equal((await get('/metrics/%zz/banner')).status, 400);
  assert.equal((await get(`/metrics/${'x'.repeat(2_000)}/banner`)).status, 404);
});

test('paths that clash are an error of the file, before anything listens', async (t) => {
  for (const path of ['/metrics/{country}/{ad_format}', '/healthz', '/api/v1/pipelines']) {
    const surface = fakeSurface();
    surface.served.push({ ...surface.served[0]!, pipeline: 'other', path, dimensions: [] });
    await assert.rejects(serverOn(t, surface), { code: 'config_invalid', message: /pipeline other: `serve` cannot answer/ });
  }
});

test('what is asked of the windows is checked, and handed on', async (t) => {
  const { surface, get } = await open(t);
  const at = '/api/v1/pipelines/ads/windows';
  assert.equal((await get(`${at}?window=1m&from=2026-03-02T09:00:00Z&country=US&grouping=country&limit=7`)).status, 200);
  assert.equal((await get(`${at}?window=5m&grouping=`)).status, 200);
  assert.deepEqual(surface.asked, [
    { window: '1m', from: Date.UTC(2026, 2, 2, 9), labels: { country: 'US' }, grouping: ['country'], limit: 7 },
    { window: '5m', labels: {}, grouping: [], limit: 1_000 },
  ]);
  for (const [query, detail] of [
    ['', /window/],
    ['window=2m', /expected one of: 1m, 5m/],
    ['window=1m&after=x', /found after="x"; expected the `next` of an earlier answer/],
    ['window=1m&contry=US', /"contry"; expected a dimension: country, ad_format/],
    ['window=1m&grouping=land', /"land"; expected dimensions/],
    ['window=1m&from=yesterday', /date-time/],
    ['window=1m&from=2026-03-02T09:00:00%2B09', /^found from "2026-03-02T09:00:00\+09"; expected an ISO 8601 date-time with a zone/],
    ['window=1m&to=2026-03-02T23:59:60Z', /^found to "2026-03-02T23:59:60Z"; expected an ISO 8601 date-time/],
    ['window=1m&limit=0', /limit/],
    ['window=1m&limit=99999', /limit/],
  ] as const) {
    const answer = await get(`${at}?${query}`);
    assert.equal(answer.status, 400, query);
    assert.match(answer.json().detail, detail);
  }
  assert.match((await get('/api/v1/pipelines/adz/status')).json().detail, /no pipeline "adz" runs here; expected one of: ads/);
  assert.equal(surface.asked.length, 2);
});

test('a parameter that is not known is refused by every route that takes some, with those that it knows', async (t) => {
  const { surface, app, get } = await open(t);
  const { paths } = (await get('/docs/json')).json() as { paths: Record<string, Record<string, { parameters?: { in: string }[] }>> };
  const withSome = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { parameters = [] }]) => parameters.some((one) => one.in === 'query'))
      .map(([method]) => [method, path] as const),
  );
  assert.ok(withSome.length >= 11, String(withSome.length));
  for (const [method, path] of withSome) {
    const url = `${path.replace('{pipeline}', 'ads').replaceAll(/\{[^}]*\}/g, 'x')}?window=1m&stauts=firing`;
    const answer = await app.inject({ method: method.toUpperCase() as 'GET', url, headers: { host: 'localhost' } });
    assert.equal(answer.statusCode, 400, url);
    assert.match(answer.json().detail, /^found the parameter "(stauts|window)"; expected (one of: |a dimension: )/, url);
  }
  assert.deepEqual([surface.asked.length, surface.appended.length], [0, 0]);
  assert.equal(
    (await get('/api/v1/pipelines/ads/alerts?stauts=firing')).json().detail,
    'found the parameter "stauts"; expected one of: status, folded, order, after, lang, limit',
  );
  assert.equal((await get('/api/v1/pipelines/ads/alerts?status=firing&lang=ko')).status, 200);
});

test('one alert is asked for by its id; one that is not known is a 404 that says so', async (t) => {
  const { get } = await open(t);
  const path = '/api/v1/pipelines/ads/alerts';
  const found = await get(`${path}/${sampleAlert.alert_id}?lang=ko`);
  assert.deepEqual([found.status, found.json().message], [200, 'in ko']);
  const missing = await get(`${path}/a%2Fb`);
  assert.deepEqual([missing.status, missing.json().detail], [404, 'no alert "a/b" among the newest of ads']);
  assert.equal((await get(`${path}/${sampleAlert.alert_id}?lang=fr`)).status, 400);
});

test('health says alive at once, and ready when the pipelines are', async (t) => {
  const { surface, get } = await open(t);
  surface.reason = 'pipeline ads catches up: 5 records to read';
  assert.equal((await get('/healthz')).status, 200);
  const waiting = await get('/readyz');
  assert.deepEqual([waiting.status, waiting.json().detail, waiting.headers['retry-after']], [503, surface.reason, '1']);
  surface.reason = undefined;
  assert.equal((await get('/readyz')).status, 200);
});

test('metrics for Prometheus: counters that add up, by every label', async (t) => {
  const { surface, get } = await open(t);
  await get('/healthz');
  await surface.pipelines[0]!.silences.add({ measure: 'ctr', for: '1h' });
  for (let scrape = 0; scrape < 2; scrape++) {
    const { text, headers } = await get('/metrics');
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    for (const line of [
      'tocsin_records_total{pipeline="ads",partition="raw/0",outcome="accepted"} 4',
      'tocsin_records_total{pipeline="ads",partition="raw/0",outcome="invalid"} 1',
      'tocsin_invalid_records_total{pipeline="ads",reason="bad_json"} 1',
      'tocsin_consumer_lag_records{pipeline="ads",topic="raw",partition="0"} 2',
      'tocsin_consumer_lag_seconds{pipeline="ads",topic="raw",partition="0"} 1.5',
      'tocsin_ids_remembered{pipeline="ads",partition="raw/0"} 4',
      'tocsin_ids_forgotten_early_total{pipeline="ads",partition="raw/0"} 2',
      'tocsin_backpressure{pipeline="ads",reason="monitor"} 1',
      'tocsin_backpressure{pipeline="ads",reason="hot_store"} 0',
      'tocsin_partials_lag_records{pipeline="ads"} 3',
      'tocsin_watermark_seconds{pipeline="ads",partition="raw/0"} 1772442000',
      'tocsin_windows_total{pipeline="ads",window="5m"} 2',
      'tocsin_notifications_total{pipeline="ads",receiver="slack",decision="sent"} 2',
      'tocsin_silences{pipeline="ads",status="active"} 1',
      'tocsin_silences{pipeline="ads",status="pending"} 0',
      'tocsin_http_request_seconds_count{method="GET",route="/healthz",status="200"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
    assert.match(text, /tocsin_event_loop_delay_seconds\{quantile="0.99"\} \d/);
  }
});

test('a fault of ours tells the caller nothing of its inside', async (t) => {
  const { surface, app, get } = await open(t);
  Object.assign(surface, { topics: () => Promise.reject(new Error('secret path /x')) });
  const answer = await get('/api/v1/topics');
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.text, /secret/);
  Object.assign(surface, { topics: () => Promise.reject(new HttpProblem(418, 'no')) });
  assert.equal((await app.inject({ url: '/api/v1/topics', headers: { host: 'localhost' } })).statusCode, 418);
});

test('the guard stands before every path, unknown ones too', async (t) => {
  const { app } = await open(t);
  for (const url of ['/', '/nope', '/docs/', '/metrics', '/healthz', '/api/v1/pipelines']) {
    assert.equal((await app.inject({ url, headers: { host: 'evil.example' } })).statusCode, 403, url);
  }
});

test('the documentation comes from here alone, under our name and icon, and names every path', async (t) => {
  const root = temporary(t);
  writeFileSync(join(root, 'icon.svg'), '<svg/>');
  const { get } = await open(t, { pageRoot: root });
  const page = await get('/docs/');
  assert.equal(page.status, 200);
  assert.match(page.text, /<title>Tocsin · HTTP API<\/title>/);
  assert.match(page.text, /rel="icon" type="image\/svg\+xml"/);
  assert.doesNotMatch(page.text, /https?:\/\//);
  assert.doesNotMatch(String(page.headers['content-security-policy']), /https?:|upgrade-insecure/);
  for (const [, file] of page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)) assert.equal((await get(`/docs/${file}`)).status, 200, file);
  const paths = Object.keys((await get('/docs/json')).json().paths);
  for (const path of ['/api/v1/events/{topic}', '/api/v1/pipelines/{pipeline}/stream', '/metrics', '/readyz'])
    assert.ok(paths.includes(path), path);
});

test('the page: how to build it, then its files with their caching, and a policy without inline scripts', async (t) => {
  const root = temporary(t);
  const { get } = await open(t, { pageRoot: root });
  const html = { accept: 'text/html' };
  assert.match((await get('/', html)).text, /not built yet/);
  mkdirSync(join(root, 'assets'));
  writeFileSync(join(root, 'index.html'), '<!doctype html>the page');
  writeFileSync(join(root, 'assets', 'app-1a2b.js'), 'x');
  writeFileSync(join(root, 'icon.svg'), '<svg/>');
  for (const url of ['/', '/alerts/4711?x=1']) {
    const page = await get(url, html);
    assert.deepEqual([page.status, page.text, page.headers['cache-control']], [200, '<!doctype html>the page', 'no-cache'], url);
    assert.match(String(page.headers['content-security-policy']), /script-src 'self';/);
  }
  assert.match(String((await get('/assets/app-1a2b.js')).headers['cache-control']), /immutable/);
  assert.equal((await get('/icon.svg')).headers['cache-control'], 'no-cache');
  for (const url of ['/assets/gone.js', '/api/v1/nope', '/nope.png', '/metrics/US']) {
    const answer = await get(url, html);
    assert.ok([403, 404].includes(answer.status), `${url} ${answer.status}`);
    assert.match(String(answer.headers['content-type']), /problem\+json/, url);
  }
  for (const url of ['/..%2f..%2fetc/passwd', '/../../etc/passwd', '/assets/..%2f..%2f..%2fetc/passwd']) {
    assert.doesNotMatch((await get(url)).text, /root:/, url);
  }
});

test('the page has its files beside segments that are served from the first step of a path on', async (t) => {
  const root = temporary(t);
  mkdirSync(join(root, 'assets'));
  for (const file of ['index.html', 'icon.svg', 'assets/app-1a2b.js']) writeFileSync(join(root, file), `this is ${file}`);
  for (const [path, ask, dimensions] of [
    ['/{country}', '/US', ['country']],
    ['/{country}/{ad_format}', '/US/banner', ['country', 'ad_format']],
  ] as const) {
    const surface = fakeSurface();
    const latest: ServedPath['latest'] = async (_, { country }) => ({
      source: 'hot',
      rows: country === 'US' ? surface.rows[0] : undefined,
    });
    surface.served = [{ ...surface.served[0]!, path, dimensions, latest }];
    const server = await serverOn(t, surface, { pageRoot: root });
    const get = (url: string) => server.app.inject({ url, headers: { host: 'localhost' } });
    assert.equal((await get(ask)).json<Record<string, unknown>>()['country'], 'US');
    assert.equal((await get('/')).body, 'this is index.html');
    for (const file of ['icon.svg', 'assets/app-1a2b.js']) assert.equal((await get(`/${file}`)).body, `this is ${file}`, path);
    assert.equal((await get('/assets/gone.js')).statusCode, 404);
  }
});

test('a path that is there says which methods it has, before it looks at a body; one that is not there is a 404 by any method', async (t) => {
  const { app } = await open(t);
  const ask = (method: 'DELETE' | 'GET' | 'OPTIONS' | 'POST' | 'PUT', url: string) =>
    app.inject({ method, url, headers: { host: 'localhost', 'content-type': 'text/odd' }, ...(method === 'POST' && { payload: 'x' }) });
  for (const [method, url, allow] of [
    ['POST', '/healthz', 'GET, HEAD'],
    ['PUT', '/metrics/US/banner', 'GET, HEAD'],
    ['DELETE', '/api/v1/pipelines/ads/silences', 'GET, HEAD, POST'],
    ['GET', '/api/v1/events/ads', 'POST'],
    ['OPTIONS', '/', 'GET, HEAD'],
  ] as const) {
    const answer = await ask(method, url);
    assert.deepEqual([answer.statusCode, answer.headers['allow']], [405, allow], url);
    assert.equal(answer.json().detail, `there is no ${method} ${url} here; expected ${allow.replaceAll(', ', ' or ')}`);
  }
  assert.equal((await ask('POST', '/api/v1/nope')).statusCode, 404);
  assert.deepEqual(Object.keys((await app.inject({ url: '/docs/json', headers: { host: 'localhost' } })).json().paths['/healthz']), [
    'get',
  ]);
});

test('a process that does not play `api` answers health and metrics, and says so of everything else', async (t) => {
  const { get, app } = await open(t, { isHealthOnly: true });
  for (const path of ['/metrics', '/healthz', '/readyz']) assert.equal((await get(path)).status, 200, path);
  const others = ['/', '/docs', '/metrics/US/banner', '/api/v1/pipelines', '/api/v1/pipelines/ads/alerts', '/api/v1/pipelines/ads/latest'];
  for (const path of others) {
    const { status, text } = await get(path, { accept: 'text/html' });
    assert.deepEqual([status, JSON.parse(text).detail.includes('does not play the role api')], [404, true], path);
  }
  const silence = await app.inject({ method: 'POST', url: '/api/v1/pipelines/ads/silences', headers: { host: 'localhost' }, payload: {} });
  assert.equal(silence.statusCode, 404);
});
