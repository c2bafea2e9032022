/** Silences of a pipeline: listed, added, ended. The guard is that of all routes. */
import type { FastifyInstance } from 'fastify';
import type { SilenceRequest } from '../../notify/silence-request.ts';
import type { SilenceStatus } from '../../notify/silence.ts';
import type { ShownSilence, SilenceList } from '../api.ts';
import { strictly } from '../strictly.ts';
import type { PipelineView } from '../surface.ts';

const TAGS = ['silences'];
const PIPELINE = { pipeline: { type: 'string' } } as const;
const PARAMS = { type: 'object', properties: PIPELINE, required: ['pipeline'] } as const;
const PARAMS_ID = { type: 'object', properties: { ...PIPELINE, id: { type: 'string' } }, required: ['pipeline', 'id'] } as const;
const TIME = { type: 'string', description: 'ISO 8601 with a zone' } as const;

/** A name that is not known is refused, not left out: the silence would be wider than was meant. */
const BODY = {
  type: 'object',
  propertyNames: { enum: ['matchers', 'measure', 'alert_type', 'alert_id', 'starts_at', 'ends_at', 'for', 'comment', 'created_by'] },
  properties: {
    matchers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Labels that an alert must have: {"country": "US"}. It may have more.',
    },
    measure: { type: 'string', description: 'Only alerts of this measure' },
    alert_type: { type: 'string', minLength: 1, description: 'Only alerts of this type: ctr_drop' },
    alert_id: { type: 'string', description: 'Only this alert' },
    starts_at: { ...TIME, description: 'ISO 8601 with a zone; now where it is left out or has passed' },
    ends_at: { ...TIME, description: 'ISO 8601 with a zone, within 30 days; or `for`' },
    for: { type: 'string', description: 'From its start on: 30m, 2h, 1d; or `ends_at`' },
    comment: { type: 'string', description: 'Why, for those who see it' },
    created_by: { type: 'string' },
  },
} as const;

type ViewOf = (params: { readonly pipeline: string }) => Pick<PipelineView, 'silences'>;

export function silenceRoutes(app: FastifyInstance, view: ViewOf): void {
  app.get<{ Params: { pipeline: string }; Querystring: { status?: SilenceStatus; limit: number } }>(
    '/api/v1/pipelines/:pipeline/silences',
    {
      schema: {
        tags: TAGS,
        summary: 'Silences, the newest first: those that are not over, or those with a status.',
        params: PARAMS,
        querystring: {
          type: 'object',
          properties: {
            status: { type: 'string', enum: ['pending', 'active', 'ended'] },
            limit: { type: 'integer', minimum: 1, maximum: 1_000, default: 1_000 },
          },
        },
      },
    },
    ({ params, query }): Promise<SilenceList> => view(params).silences.list(query),
  );

  app.post<{ Params: { pipeline: string }; Body: SilenceRequest }>(
    '/api/v1/pipelines/:pipeline/silences',
    {
      validatorCompiler: strictly(),
      schema: {
        tags: TAGS,
        summary: 'Silences some alerts for a while: receivers are not told of them.',
        description:
          'Alerts are silenced that have all of `matchers`, and `measure`, `alert_type` and `alert_id` where these are given; at least one of ' +
          'the four. 201 when it is durable; the notifier knows of it within a second.',
        params: PARAMS,
        body: BODY,
      },
    },
    async ({ params, body }, reply): Promise<ShownSilence> => {
      const added = await view(params).silences.add(body);
      reply.code(201);
      return added;
    },
  );

  app.delete<{ Params: { pipeline: string; id: string } }>(
    '/api/v1/pipelines/:pipeline/silences/:id',
    {
      schema: {
        tags: TAGS,
        summary: 'Ends a silence now; it stays in the list of those that have ended.',
        params: PARAMS_ID,
      },
    },
    ({ params }): Promise<ShownSilence> => view(params).silences.end(params.id),
  );
}
