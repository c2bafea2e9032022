/** What a dashboard asks of a pipeline. */
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../core/errors.ts';
import type { RowQuery } from '../../core/labels.ts';
import type { AlertLocale } from '../../receivers/alert-event.ts';
import type { PipelineList } from '../api.ts';
import { askedInstant } from '../asked-time.ts';
import type { ServerLimits } from '../limits.ts';
import type { AlertQuery, HistoryQuery, PipelineView, Surface } from '../surface.ts';
import { timelyView } from '../timely-view.ts';
import { parseCursor } from '../window-cursor.ts';
import { LANG } from './lang.ts';
import { silenceRoutes } from './silences.ts';

const TAGS = ['pipelines'];
const PARAMS = { type: 'object', properties: { pipeline: { type: 'string' } }, required: ['pipeline'] } as const;
const LABELS_MAX = 64;

const limitOf = (most: number, usual: number) => ({ type: 'integer', minimum: 1, maximum: most, default: usual }) as const;

interface Params {
  readonly pipeline: string;
}

export function pipelineRoutes(
  app: FastifyInstance,
  surface: Pick<Surface, 'pipelines'>,
  { answerMs }: Pick<ServerLimits, 'answerMs'>,
): void {
  const views = surface.pipelines.map((each) => timelyView(each, answerMs));
  const view = ({ pipeline }: Params): PipelineView => {
    const found = views.find(({ info }) => info.name === pipeline);
    if (found) return found;
    const names = views.map(({ info }) => info.name).join(', ');
    throw new AppError('pipeline_unknown', `no pipeline ${JSON.stringify(pipeline)} runs here; expected one of: ${names}`);
  };

  app.get(
    '/api/v1/pipelines',
    { schema: { tags: TAGS, summary: 'The pipelines that run, with all that is needed to draw them.' } },
    async (): Promise<PipelineList> => ({ pipelines: surface.pipelines.map(({ info }) => info) }),
  );

  app.get<{ Params: Params }>(
    '/api/v1/pipelines/:pipeline/status',
    { schema: { tags: TAGS, summary: 'Outcomes, partitions, watermarks, lag, rates, queues.', params: PARAMS } },
    ({ params }) => view(params).status(),
  );

  app.get<{ Params: Params; Querystring: Record<string, string> & { window: string; limit: number } }>(
    '/api/v1/pipelines/:pipeline/windows',
    {
      schema: {
        tags: TAGS,
        summary: 'Rows of a window by start, then labels.',
        description:
          'Each dimension may be given as a parameter: only rows that have these values. `grouping=country` gives only rows of exactly ' +
          'this roll-up (dimensions separated by commas; empty: the total). Without `from`: the last hour before `to`, or the last 60 windows. More rows ' +
          'than `limit`: `truncated`, and `next` is the `after` of the request that goes on, within a window too.',
        params: PARAMS,
        querystring: {
          type: 'object',
          properties: {
            window: { type: 'string' },
            from: { type: 'string', description: 'Windows that start here or later; ISO 8601 with a zone' },
            to: { type: 'string', description: 'Windows that start before this; ISO 8601 with a zone' },
            after: { type: 'string', description: 'The `next` of the answer before: rows behind its last one' },
            grouping: { type: 'string' },
            limit: limitOf(10_000, 1_000),
          } satisfies Record<RowQuery, object>,
          required: ['window'],
          additionalProperties: { type: 'string' },
          maxProperties: LABELS_MAX,
        },
      },
    },
    ({ params, query }) => {
      const found = view(params);
      return found.windows(historyQuery(query, found));
    },
  );

  app.get<{ Params: Params; Querystring: { window: string } }>(
    '/api/v1/pipelines/:pipeline/latest',
    {
      schema: {
        tags: TAGS,
        summary: 'The latest row of every segment and roll-up.',
        params: PARAMS,
        querystring: { type: 'object', properties: { window: { type: 'string' } }, required: ['window'] },
      },
    },
    ({ params, query }) => {
      const found = view(params);
      return found.latest(knownWindow(found, query.window));
    },
  );

  app.get<{ Params: Params; Querystring: AlertQuery & { lang?: AlertLocale } }>(
    '/api/v1/pipelines/:pipeline/alerts',
    {
      schema: {
        tags: TAGS,
        summary: 'Alerts, the newest or the gravest first: one entry an episode.',
        params: PARAMS,
        querystring: {
          type: 'object',
          properties: {
            status: { type: 'string', enum: ['firing', 'resolved'] },
            folded: { type: 'boolean', default: true, description: 'Those too that another alert speaks for' },
            order: { type: 'string', enum: ['newest', 'gravest'], default: 'newest' },
            after: { type: 'string', description: 'An alert_id: what comes behind it in this order' },
            lang: LANG,
            limit: limitOf(1_000, 100),
          },
        },
      },
    },
    ({ params, query }) => view(params).alerts(query),
  );

  app.get<{ Params: Params & { readonly id: string }; Querystring: { lang?: AlertLocale } }>(
    '/api/v1/pipelines/:pipeline/alerts/:id',
    {
      schema: {
        tags: TAGS,
        summary: 'One alert, whether it fires or has ended.',
        params: { ...PARAMS, properties: { ...PARAMS.properties, id: { type: 'string' } } },
        querystring: { type: 'object', properties: { lang: LANG } },
      },
    },
    ({ params, query }) => view(params).alert(params.id, query.lang),
  );

  app.get<{ Params: Params; Querystring: { reason?: string; outcome?: string; limit: number } }>(
    '/api/v1/pipelines/:pipeline/dead-letters',
    {
      schema: {
        tags: TAGS,
        summary: 'Late and invalid records, the newest first, and how many there are of each reason.',
        description: '`reason=missing` alone means every `missing:…`.',
        params: PARAMS,
        querystring: {
          type: 'object',
          properties: {
            reason: { type: 'string' },
            outcome: { type: 'string', enum: ['late', 'invalid'] },
            limit: limitOf(1_000, 100),
          },
        },
      },
    },
    ({ params, query }) => view(params).deadLetters(query),
  );

  silenceRoutes(app, view);
}

function historyQuery(query: Record<string, string> & { window: string; limit: number }, view: PipelineView): HistoryQuery {
  const { info } = view;
  const { window, from, to, after, grouping, limit, ...labels } = query;
  const dimensions = info.dimensions.join(', ');
  for (const name of Object.keys(labels)) {
    if (!info.dimensions.includes(name))
      throw new AppError('usage', `found the parameter ${JSON.stringify(name)}; expected a dimension: ${dimensions}`);
  }
  const groups = grouping === undefined ? undefined : grouping.split(',').filter(Boolean);
  const unknown = groups?.find((name) => !info.dimensions.includes(name));
  if (unknown !== undefined) throw new AppError('usage', `found grouping ${JSON.stringify(unknown)}; expected dimensions: ${dimensions}`);
  return {
    window: knownWindow(view, window),
    ...(from !== undefined && { from: askedInstant('from', from) }),
    ...(to !== undefined && { to: askedInstant('to', to) }),
    ...(after !== undefined && { after: parseCursor(after) }),
    labels,
    ...(groups && { grouping: groups }),
    limit,
  };
}

/** @throws AppError `usage` */
function knownWindow({ info }: PipelineView, window: string): string {
  if (info.windows.some(({ name }) => name === window)) return window;
  const names = info.windows.map(({ name }) => name).join(', ');
  throw new AppError('usage', `found window ${JSON.stringify(window)}; expected one of: ${names}`);
}
