/** The HTTP server: API, live streams, metrics, documentation and the dashboard's files, on one port. */
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { docsRoutes } from './docs.ts';
import { createGuard } from './guard.ts';
import { defaultLimits, type ServerLimits } from './limits.ts';
import { hostAndPort, requireKey, type ListenAddress } from './listen-address.ts';
import { collectPaths } from './other-methods.ts';
import { pageRoutes } from './page.ts';
import { HttpProblem, pathOf, sendProblem } from './problem.ts';
import { createMetrics } from './prometheus.ts';
import { backtestRoutes } from './routes/backtest.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { pipelineRoutes } from './routes/pipelines.ts';
import { servedRoutes } from './routes/served.ts';
import { streamRoutes } from './routes/stream.ts';
import { topicRoutes } from './routes/topics.ts';
import type { Surface } from './surface.ts';
import { refuseUnknownParameters } from './unknown-parameters.ts';

export interface ServerConfig {
  readonly address: ListenAddress;
  readonly apiKey?: string;
  readonly version: string;
  /** Absolute path of the built dashboard. */
  readonly pageRoot: string;
  readonly limits?: Partial<ServerLimits>;
  /** Health and metrics alone: what this process knows of its pipeline is less than who asks would take it for. */
  readonly isHealthOnly?: boolean;
}

export interface ServerDeps {
  readonly surface: Surface;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Server {
  /** For tests: answers without a socket. */
  readonly app: FastifyInstance;
  /**
   * Resolves to the address to open: `http://127.0.0.1:8000`.
   * @throws AppError `usage`: the port is taken, or the address is not this machine's
   */
  listen(): Promise<string>;
  /** Ends the streams, lets requests that are under way come to their end, for 2 s. */
  close(): Promise<void>;
}

const CLOSE_MS = 2_000;
const HEALTH_ONLY = 'this process does not play the role api, and answers /metrics, /healthz and /readyz alone; ask one that does';

/** @throws AppError `usage` without a key on an address that other machines reach, `config_invalid` for paths that clash */
export async function createServer(config: ServerConfig, deps: ServerDeps): Promise<Server> {
  const { address, apiKey } = config;
  const { surface, clock, logger } = deps;
  requireKey(address, apiKey);
  const limits = { ...defaultLimits, ...config.limits };
  const metrics = createMetrics(surface, { version: config.version, clock, probeMs: limits.probeMs });
  const guard = createGuard({ loopback: address.loopback, ...(apiKey !== undefined && { apiKey }) });
  const streams = new Map<{ end(): void }, Promise<void>>();
  const app = openFastify(limits, logger);

  // Schemas describe answers; written they are as they stand.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error, logger));
  // With callbacks: on hot paths a promise for each hook is a good part of the work.
  app.addHook('onRequest', (request, reply, next) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    guard({ method: request.method, path: pathOf(request.url), headers: request.headers });
    next();
  });
  app.addHook('onResponse', (request, reply, next) => {
    metrics.request(request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1_000);
    next();
  });
  // First, as they see the routes that come after them.
  const refuseOtherMethods = collectPaths(app);
  refuseUnknownParameters(app);
  if (!config.isHealthOnly) await docsRoutes(app, { version: config.version, hasKey: apiKey !== undefined, pageRoot: config.pageRoot });
  healthRoutes(app, surface, limits);
  app.get('/metrics', { schema: { tags: ['health'], summary: 'Prometheus text.', produces: ['text/plain'] } }, async (_request, reply) => {
    reply.header('content-type', metrics.contentType);
    return metrics.text();
  });
  if (config.isHealthOnly) {
    app.setNotFoundHandler(({ method, url }) => {
      throw new HttpProblem(404, `there is no ${method} ${pathOf(url)} here: ${HEALTH_ONLY}`);
    });
  } else {
    pipelineRoutes(app, surface, limits);
    topicRoutes(app, surface, limits);
    backtestRoutes(app, surface, limits);
    streamRoutes(app, surface, limits, (stream, ended) => {
      streams.set(stream, ended);
      void ended.then(() => streams.delete(stream));
    });
    await app.register(async (inner) => eventRoutes(inner, surface, limits));
    servedRoutes(app, surface, { clock });
    await pageRoutes(app, config.pageRoot);
  }
  refuseOtherMethods();
  await app.ready();

  return {
    app,
    async listen() {
      try {
        await app.listen({ host: address.host, port: address.port, backlog: 511 });
      } catch (error) {
        throw listenError(error as NodeJS.ErrnoException, address);
      }
      const { port } = app.server.address() as AddressInfo;
      return `http://${hostAndPort(address.host, port)}`;
    },
    async close() {
      metrics.stop();
      for (const stream of streams.keys()) stream.end();
      const forced = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
      await app.close();
      clearTimeout(forced);
    },
  };
}

function openFastify(limits: ServerLimits, logger: Logger): FastifyInstance {
  const app = fastify({
    connectionTimeout: limits.idleMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxRequestsPerSocket: limits.requestsPerConnection,
    bodyLimit: 64 << 10,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    },
    routerOptions: { maxParamLength: 1_024 },
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors(error, request, reply) {
      void sendProblem(request, reply, error, logger);
    },
  });
  app.server.maxConnections = limits.connections;
  return app;
}

/** In words what keeps a server from listening there; an error that nobody foresaw as it is. */
export function listenError(error: NodeJS.ErrnoException, { host, port }: ListenAddress): unknown {
  const at = hostAndPort(host, port);
  if (error.code === 'EADDRINUSE') {
    return new AppError(
      'usage',
      `${at} is taken by another program; choose another port with --listen ${hostAndPort(host, port + 1)}, or --listen none`,
    );
  }
  if (error.code === 'EACCES')
    return new AppError('usage', `cannot listen on ${at}: this port is for administrators; choose one above 1023`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return new AppError('usage', `cannot listen on ${at}: ${host} is not an address of this machine; try --listen 127.0.0.1:${port}`);
  }
  return error;
}
