/** A backtest on request: one at a time, and not for ever. */
import type { FastifyInstance } from 'fastify';
import type { BacktestReport, BacktestRequest } from '../api.ts';
import { askedTime } from '../asked-time.ts';
import type { ServerLimits } from '../limits.ts';
import { HttpProblem } from '../problem.ts';
import { strictly } from '../strictly.ts';
import type { BacktestQuery, Surface } from '../surface.ts';

const TIME = {
  type: 'string',
  description: 'ISO 8601 with a zone; `2026-03-02 18:30` and days are by the clock of the `time_zone`',
} as const;
const BODY_BYTES_MAX = 4 << 20;
const CHANGES_MAX = 100;
const INCIDENTS_MAX = 10_000;
/** Seconds. */
const RETRY_AFTER = '5';

/** A name that is not known is refused, not left out: the answer would be one to another question. */
const BODY = {
  type: 'object',
  propertyNames: { enum: ['from', 'to', 'warm_up', 'set', 'compare', 'incidents', 'grace'] },
  properties: {
    from: { ...TIME, description: `Windows that start here or later; ${TIME.description}` },
    to: { ...TIME, description: `Windows that start before this; ${TIME.description}` },
    warm_up: { type: 'string', default: '7d', description: 'What lies so far before `from` is learnt from' },
    set: {
      type: 'array',
      maxItems: CHANGES_MAX,
      items: { type: 'string', maxLength: 1_000 },
      description: 'Changes to the pipeline file: detect.ctr.down=40%',
    },
    compare: { type: 'boolean', default: false, description: 'Also the file as it is' },
    incidents: {
      type: 'array',
      maxItems: INCIDENTS_MAX,
      items: {
        type: 'object',
        propertyNames: { enum: ['start', 'end', 'labels', 'measure'] },
        required: ['start', 'end'],
        properties: {
          start: TIME,
          end: TIME,
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          measure: { type: 'string' },
        },
      },
    },
    grace: { type: 'string', default: '0s', description: "An alert up to so long after an incident's end still counts for it" },
  },
} as const;

export function backtestRoutes(app: FastifyInstance, surface: Pick<Surface, 'backtest'>, limits: Pick<ServerLimits, 'backtestMs'>): void {
  let isBusy = false;

  app.post<{ Params: { pipeline: string }; Body: BacktestRequest }>(
    '/api/v1/pipelines/:pipeline/backtest',
    {
      bodyLimit: BODY_BYTES_MAX,
      validatorCompiler: strictly(),
      schema: {
        tags: ['pipelines'],
        summary: 'What the detectors would have rung over stored windows, with other settings too.',
        description:
          'Nobody is told and nothing is written. One at a time: 429 while another one runs. 504 when it takes longer than a minute: ask ' +
          'for a shorter time then.',
        params: { type: 'object', properties: { pipeline: { type: 'string' } }, required: ['pipeline'] },
        body: BODY,
      },
    },
    async (request, reply): Promise<BacktestReport> => {
      const asked = queryOf(request.body);
      if (isBusy) throw new HttpProblem(429, 'another backtest runs; one runs at a time', { 'retry-after': RETRY_AFTER });
      isBusy = true;
      const stopping = new AbortController();
      const late = new HttpProblem(504, `the backtest took longer than ${limits.backtestMs} ms; ask for a shorter time with from and to`);
      const timer = setTimeout(() => stopping.abort(late), limits.backtestMs);
      // Nobody waits for the answer any more.
      const left = (): void => stopping.abort(new HttpProblem(499, 'the client has left'));
      reply.raw.once('close', left);
      try {
        return await surface.backtest(request.params.pipeline, asked, stopping.signal);
      } finally {
        reply.raw.off('close', left);
        clearTimeout(timer);
        isBusy = false;
      }
    },
  );
}

/** @throws AppError `usage` for a time that is none */
function queryOf({ from, to, ...rest }: BacktestRequest): BacktestQuery {
  return {
    ...rest,
    ...(from !== undefined && { from: askedTime('from', from) }),
    ...(to !== undefined && { to: askedTime('to', to) }),
  };
}
