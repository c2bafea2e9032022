/** `/docs`: the reference of the HTTP API, made of the schemas of its routes, under Tocsin's own name and icon. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** Nothing from elsewhere; the documentation's own page sets styles in its elements. */
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " +
  "frame-ancestors 'none'";

export interface DocsConfig {
  readonly version: string;
  /** Requests need a key. */
  readonly hasKey: boolean;
  /** The folder of the page, whose icon this shows. */
  readonly pageRoot: string;
}

/** Before the routes, which it reads as they are registered. */
export async function docsRoutes(app: FastifyInstance, { version, hasKey, pageRoot }: DocsConfig): Promise<void> {
  await app.register(swagger, {
    openapi: {
      info: { title: 'Tocsin', description: 'Event streams as windowed KPIs, watched segment by segment.', version },
      ...(hasKey && {
        components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
        security: [{ key: [] }],
      }),
    },
  });
  const icon = join(pageRoot, 'icon.svg');
  const content = existsSync(icon) ? readFileSync(icon) : undefined;
  const type = 'image/svg+xml';
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: POLICY,
    theme: {
      title: 'Tocsin · HTTP API',
      ...(content && { favicon: [{ filename: 'icon.svg', rel: 'icon', type, sizes: 'any', content }] }),
    },
    ...(content && { logo: { type, content, href: '/' } }),
  });
}
