import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, createApi } from './api.ts';

function answering(status: number, body: string): { fetch: typeof fetch; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (url) => {
      asked.push(String(url));
      return new Response(body, { status });
    },
  };
}
const signal = new AbortController().signal;

test('names and values are escaped, exact labels become a grouping', async () => {
  const { fetch, asked } = answering(200, '{}');
  const api = createApi('http://h/base', fetch);
  await api.history('a/b', { window: '10s', from: undefined, labels: { country: 'U&S' }, limit: 9 }, signal);
  await api.history('p', { window: '10s', from: 'T', labels: {}, limit: 9 }, signal);
  await api.history('p', { window: '10s', from: 'T', labels: undefined, limit: 9 }, signal);
  await api.alert('p', 'a/b', 'ko', signal);
  assert.deepEqual(asked, [
    'http://h/base/api/v1/pipelines/a%2Fb/windows?country=U%26S&window=10s&grouping=country&limit=9',
    'http://h/base/api/v1/pipelines/p/windows?window=10s&from=T&grouping=&limit=9',
    'http://h/base/api/v1/pipelines/p/windows?window=10s&from=T&limit=9',
    'http://h/base/api/v1/pipelines/p/alerts/a%2Fb?lang=ko',
  ]);
});

test('a problem is told in its own words; what is no problem document by its status', async () => {
  const problem = createApi('', answering(404, '{"title":"Not Found","detail":"no pipeline x"}').fetch);
  await assert.rejects(problem.topics(signal), (error: ApiError) => error.status === 404 && error.message === 'no pipeline x');
  const page = createApi('', answering(502, '<html>').fetch);
  await assert.rejects(page.topics(signal), (error: ApiError) => error.status === 502 && error.message === 'HTTP 502');
});

test('a server that is not there is status 0', async () => {
  const api = createApi('', () => Promise.reject(new TypeError('Failed to fetch')));
  await assert.rejects(api.topics(signal), (error: ApiError) => error instanceof ApiError && error.status === 0);
});

test('what is written goes as JSON, an end without a body', async () => {
  const sent: [string | undefined, string, unknown, string | null][] = [];
  const api = createApi('', async (url, init) => {
    sent.push([init?.method, String(url), init?.body, new Headers(init?.headers).get('content-type')]);
    return new Response('{}', { status: 201 });
  });
  await api.silence('p', { matchers: { country: 'US' }, for: '1h' }, signal);
  await api.endSilence('p', 'a/b', signal);
  assert.deepEqual(sent, [
    ['POST', '/api/v1/pipelines/p/silences', '{"matchers":{"country":"US"},"for":"1h"}', 'application/json'],
    ['DELETE', '/api/v1/pipelines/p/silences/a%2Fb', undefined, null],
  ]);
});
