/**
 * A made-up Tocsin for working on the page: `node web/dev/fake-api.ts [PORT]`. 7 countries x 3 formats, seeded; one segment's CTR
 * breaks every few minutes, the log is 20 minutes old. It serves web/dist as well; `vite --config web/vite-config.ts` proxies to it.
 */
import { createServer, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createMarket } from './market.ts';
import { createNews } from './news.ts';
import { createFakeSilences } from './silences.ts';

const port = Number(process.argv[2] ?? 8000);
const dist = path.join(import.meta.dirname, '../dist');
const market = createMarket({ seed: 7, now: Date.now });
const news = createNews(market, Date.now);
const silences = createFakeSilences(market.info, Date.now);
const listeners = new Set<ServerResponse>();
let id = 0;

const send = (event: string, data: unknown): void => {
  id++;
  for (const response of listeners) response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
};
setInterval(() => {
  send('points', market.recent());
  for (const alert of news.tick()) send('alert', alert);
  send('status', news.status());
}, 1_000);

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const query = url.searchParams;
  const json = (value: unknown): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  const window = query.get('window') ?? '10s';
  switch (url.pathname) {
    case '/api/v1/pipelines':
      return json({ pipelines: [market.info] });
    case '/api/v1/pipelines/demo/status':
      return json(news.status());
    case '/api/v1/pipelines/demo/latest':
      return json({ pipeline: 'demo', window, points: market.latest(window) });
    case '/api/v1/pipelines/demo/windows': {
      const points = market.history(window, query.get('from') ?? '', (name) => query.get(name));
      const limit = Number(query.get('limit') ?? 1_000);
      return json({ pipeline: 'demo', window, source: 'hot', age: 0, points: points.slice(0, limit), truncated: points.length > limit });
    }
    case '/api/v1/pipelines/demo/alerts': {
      const alerts = news.alerts().filter(({ status }) => !query.has('status') || status === query.get('status'));
      return json({ alerts, total: alerts.length });
    }
    case '/api/v1/pipelines/demo/dead-letters':
      return json(news.deadLetters(query.get('reason')));
    case '/api/v1/pipelines/demo/silences':
      return void silences.answer(request).then(json);
    case '/api/v1/topics':
      return json(news.topics());
    case '/api/v1/pipelines/demo/stream':
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders();
      listeners.add(response);
      response.on('close', () => listeners.delete(response));
      return undefined;
    default: {
      const found = news.alerts().find(({ alert_id }) => url.pathname === `/api/v1/pipelines/demo/alerts/${alert_id}`);
      if (found) return json(found);
      if (request.method === 'DELETE') return json(silences.end(url.pathname.split('/').at(-1) ?? ''));
      return void serveFile(url.pathname, response);
    }
  }
});
server.listen(port, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${port}\n`));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

async function serveFile(pathname: string, response: ServerResponse): Promise<void> {
  const file = path.join(dist, path.normalize(pathname === '/' ? 'index.html' : pathname));
  const body = await readFile(file).catch(() => undefined);
  if (body === undefined) return void response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{"title":"not found"}');
  response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' }).end(body);
}
