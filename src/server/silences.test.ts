import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fakeSurface, serverOn } from '../../test/server/fake-surface.ts';

const PATH = '/api/v1/pipelines/ads/silences';

async function open(t: TestContext, apiKey?: string) {
  const { app } = await serverOn(t, fakeSurface(), apiKey === undefined ? {} : { apiKey });
  const host = { host: 'localhost' };
  return {
    app,
    get: async (query = '') => (await app.inject({ url: `${PATH}${query}`, headers: host })).json(),
    post: (payload: object | string, headers: Record<string, string> = {}) =>
      app.inject({ method: 'POST', url: PATH, headers: { ...host, 'content-type': 'application/json', ...headers }, payload }),
    end: (id: string, headers: Record<string, string> = {}) =>
      app.inject({ method: 'DELETE', url: `${PATH}/${id}`, headers: { ...host, ...headers } }),
  };
}

test('a silence is added, listed and ended', async (t) => {
  const { get, post, end } = await open(t);
  assert.deepEqual(await get(), { silences: [] });
  const answer = await post({ matchers: { country: 'US' }, for: '2h', comment: 'deploy' });
  assert.equal(answer.statusCode, 201);
  const added = answer.json();
  assert.equal(added.status, 'active');
  assert.equal(Date.parse(added.ends_at) - Date.parse(added.starts_at), 7_200_000);
  assert.deepEqual(await get(), { silences: [added] });
  const ended = await end(added.id);
  assert.equal(ended.statusCode, 200);
  assert.equal(ended.json().status, 'ended');
  assert.deepEqual(await get(), { silences: [] });
  assert.deepEqual(await get('?status=ended'), { silences: [ended.json()] });
});

test('what is wrong is refused as a problem', async (t) => {
  const { post, end, app, get } = await open(t);
  const cases: [object | string, RegExp][] = [
    [{ for: '2h' }, /would silence everything/],
    [{ matchers: { land: 'US' }, for: '2h' }, /label \\?"land\\?"/],
    [{ matchers: { country: 'US' }, for: '2h', mesure: 'ctr' }, /must be equal to one of the allowed values|property name/],
    [{ matchers: { country: ['US', 'KR'] }, for: '2h' }, /must be string/],
    [{ matchers: { country: ['US'] }, for: '2h' }, /must be string/],
    [{ matchers: { country: null }, for: '2h' }, /must be string/],
    [{ matchers: { country: 17 }, for: '2h' }, /must be string/],
    [{ matchers: [], measure: 'ctr', for: '2h' }, /must be object/],
    [{ alert_type: null, for: '2h' }, /must be string/],
    [{ alert_type: '', for: '2h' }, /must NOT have fewer than 1 characters/],
    [{ measure: 'ctr', for: '2h', comment: null }, /must be string/],
    ['null', /must be object/],
  ];
  for (const [body, detail] of cases) {
    const answer = await post(body);
    assert.equal(answer.statusCode, 400, answer.body);
    assert.match(String(answer.headers['content-type']), /problem\+json/);
    assert.match(answer.json().detail, detail);
  }
  assert.equal((await post('matchers=US', { 'content-type': 'text/plain' })).statusCode, 400);
  assert.equal((await end('17')).statusCode, 404);
  const other = await app.inject({ url: '/api/v1/pipelines/other/silences', headers: { host: 'localhost' } });
  assert.equal(other.statusCode, 404);
  assert.deepEqual(await get(), { silences: [] }, 'nothing was written');
});

test('a page of another origin can neither silence nor end', async (t) => {
  const { post, end, get } = await open(t);
  const { id } = (await post({ measure: 'ctr', for: '2h' })).json();
  for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    assert.equal((await post({ measure: 'ctr', for: '2h' }, headers as Record<string, string>)).statusCode, 403);
    assert.equal((await end(id, headers as Record<string, string>)).statusCode, 403);
  }
  assert.equal((await get()).silences.length, 1);
});

test('where a key is asked for, it is asked for here', async (t) => {
  const key = 'k'.repeat(16);
  const { post, end } = await open(t, key);
  assert.equal((await post({ measure: 'ctr', for: '2h' })).statusCode, 401);
  assert.equal((await end('17')).statusCode, 401);
  assert.equal((await post({ measure: 'ctr', for: '2h' }, { authorization: `Bearer ${key}` })).statusCode, 201);
});
