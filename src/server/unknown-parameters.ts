/** A parameter that a route does not know is refused, not left out: the answer would be one to another question. */
import type { FastifyInstance } from 'fastify';
import { AppError } from '../core/errors.ts';

interface QuerySchema {
  readonly properties: object;
  readonly additionalProperties?: object;
}

/** Of routes that come after it and take parameters. Where any name may be one, a dimension's, the route itself looks at them. */
export function refuseUnknownParameters(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const schema = route.schema?.querystring as QuerySchema | undefined;
    if (!schema || schema.additionalProperties) return;
    const names = Object.keys(schema.properties);
    const hooks = route.onRequest ?? [];
    // Before a body is looked at.
    route.onRequest = [
      ...(Array.isArray(hooks) ? hooks : [hooks]),
      (request, _reply, next) => {
        const unknown = Object.keys(request.query as object).find((name) => !names.includes(name));
        if (unknown === undefined) next();
        else
          next(new AppError('usage', `found the parameter ${JSON.stringify(unknown.slice(0, 100))}; expected one of: ${names.join(', ')}`));
      },
    ];
  });
}
