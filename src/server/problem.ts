/** What goes wrong, told as problem+json (RFC 9457). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type ErrorCode } from '../core/errors.ts';
import { STATUS_CODES } from '../core/http.ts';
import type { Logger } from '../core/logger.ts';
import type { Problem } from './api.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** A list: a line each. */
type ProblemHeaders = Readonly<Record<string, string | string[]>>;

/** A refusal with its HTTP status; the message is for the caller. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly headers: ProblemHeaders;

  constructor(status: number, message: string, headers: ProblemHeaders = {}) {
    super(message);
    this.name = 'HttpProblem';
    this.status = status;
    this.headers = headers;
  }
}

const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  usage: 400,
  topic_unknown: 404,
  pipeline_unknown: 404,
  alert_unknown: 404,
  silence_unknown: 404,
  silence_limit: 409,
  topic_conflict: 403,
  log_unavailable: 503,
  log_refused: 503,
  record_too_large: 413,
  hot_store_unavailable: 503,
  olap_unavailable: 503,
  olap_refused: 503,
  disk_full: 507,
};

export function problem(status: number, detail: string, instance?: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...(instance !== undefined && { instance }) };
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: unknown, logger: Logger): FastifyReply {
  const { status, detail, headers } = explain(error);
  if (status === 500) logger.warn(`${request.method} ${pathOf(request.url)} failed: ${textOf(error)}`);
  return reply
    .code(status)
    .headers(headers)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problem(status, detail, pathOf(request.url))));
}

/** The path without its query, which may hold what is not for a log. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return (end === -1 ? url : url.slice(0, end)).slice(0, 200);
}

function explain(error: unknown): { status: number; detail: string; headers: ProblemHeaders } {
  if (error instanceof HttpProblem) return { status: error.status, detail: error.message, headers: error.headers };
  if (error instanceof AppError) {
    const status = STATUS_OF[error.code] ?? 500;
    return { status, detail: error.message, headers: status === 503 || status === 507 ? { 'retry-after': '5' } : {} };
  }
  // Fastify's own: what its schemas and limits refuse.
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) return { status, detail: textOf(error), headers: {} };
  return { status: 500, detail: 'a fault in Tocsin itself; its standard error says more', headers: {} };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
