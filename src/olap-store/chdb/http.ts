/** ClickHouse's HTTP protocol, as much of it as `@clickhouse/client`, Grafana, Superset and curl speak. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { createServer } from '../../core/http.ts';
import { credentialsOf, isLocalRequest, roleOf, type Accounts, type Role } from './access.ts';
import { DATABASE } from './engine-config.ts';
import { TooManyQueries } from './connection-pool.ts';
import type { Engine, EngineQuery } from './engine.ts';
import { ForbiddenQuery } from './reader-guard.ts';
import { SqlTextError } from './sql-text.ts';

const BODY_BYTES_MAX: Readonly<Record<Role, number>> = { owner: 64 * 1024 * 1024, reader: 1024 * 1024 };
const ADDRESS_BYTES_MAX = 256 * 1024;

/** Parameters of the protocol itself. */
const PROTOCOL_PARAMETERS = new Set(['query', 'query_id', 'database', 'default_format', 'user', 'password', 'session_id', 'role']);
/**
 * Settings that clients send of their own accord and that change nothing here: answers are sent whole, the time and the size of
 * a reader's query are bounded anyway, and the engine's connections have these values already.
 */
const IGNORED_SETTINGS =
  /^(wait_end_of_query|send_progress_in_http_headers|buffer_size|compress|enable_http_compression|cancel_http_readonly_queries_on_client_close|http_[a-z_]+|max_execution_time|session_timeout|client_protocol_version|date_time_input_format|async_insert|precise_float_parsing|max_partitions_per_insert_block|output_format_json_quote_64bit_integers|extremes)$/;

/** An answer that is an error, in ClickHouse's words: `Code: 497. DB::Exception: … (ACCESS_DENIED)`. */
class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string, name: string) {
    super(`Code: ${code}. DB::Exception: ${message}. (${name})`);
    this.status = status;
    this.code = code;
  }
}

export function createProtocolServer(accounts: Accounts, engine: Engine): Server {
  const server = createServer({ maxHeaderSize: ADDRESS_BYTES_MAX, requestTimeout: 60_000, headersTimeout: 10_000 }, (request, response) => {
    void answer(request, response, accounts, engine);
  });
  server.maxConnections = 200;
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, accounts: Accounts, engine: Engine): Promise<void> {
  try {
    if (!isLocalRequest(request.headers)) throw new Refusal(403, 497, 'Only programs on this machine may ask', 'ACCESS_DENIED');
    const address = new URL(request.url ?? '/', 'http://localhost');
    if (address.pathname === '/ping') {
      await engine.probe();
      return send(response, 200, { 'content-type': 'text/plain' }, 'Ok.\n');
    }
    if (address.pathname !== '/') throw new Refusal(404, 60, `There is nothing at ${address.pathname}`, 'NOT_FOUND');
    if (request.method !== 'GET' && request.method !== 'POST') throw new Refusal(405, 1, 'GET and POST only', 'UNSUPPORTED_METHOD');
    const role = authenticate(request, address.searchParams, accounts);
    const query = await readQuery(request, address.searchParams, role);
    const result = await engine.run(query);
    const summary = {
      read_rows: String(result.rowsRead),
      read_bytes: String(result.bytesRead),
      written_rows: String(result.rowsWritten),
      written_bytes: '0',
      result_rows: '0',
      result_bytes: String(result.bytes.length),
      total_rows_to_read: '0',
      elapsed_ns: String(Math.round(result.elapsedSeconds * 1e9)),
    };
    const headers = {
      'content-type': query.format.startsWith('JSON') ? 'application/json; charset=UTF-8' : 'text/plain; charset=UTF-8',
      'x-clickhouse-query-id': printable(address.searchParams.get('query_id')) ?? randomUUID(),
      'x-clickhouse-format': query.format,
      'x-clickhouse-timezone': 'UTC',
      'x-clickhouse-summary': JSON.stringify(summary),
    };
    send(response, 200, headers, result.bytes);
  } catch (error) {
    const refusal = refusalOf(error);
    // What is left of the body is not read: the connection ends.
    if (!request.complete) response.setHeader('connection', 'close');
    if (refusal.status === 401) response.setHeader('www-authenticate', 'Basic realm="Tocsin OLAP"');
    const headers = { 'content-type': 'text/plain; charset=UTF-8', 'x-clickhouse-exception-code': String(refusal.code) };
    send(response, refusal.status, headers, `${refusal.message}\n`);
  }
}

function authenticate(request: IncomingMessage, parameters: URLSearchParams, accounts: Accounts): Role {
  const given = credentialsOf(request.headers, parameters);
  if (!given) throw new Refusal(401, 516, 'A user and a password are needed; they stand in olap.json', 'AUTHENTICATION_FAILED');
  const role = roleOf(given, accounts);
  if (!role) throw new Refusal(403, 516, 'The user or the password is wrong; they stand in olap.json', 'AUTHENTICATION_FAILED');
  return role;
}

async function readQuery(request: IncomingMessage, parameters: URLSearchParams, role: Role): Promise<EngineQuery> {
  const params = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (name.startsWith('param_')) params.set(name.slice('param_'.length), value);
    else if (!PROTOCOL_PARAMETERS.has(name) && !IGNORED_SETTINGS.test(name)) {
      throw new Refusal(403, 164, `The setting ${JSON.stringify(name)} cannot be changed here`, 'READONLY');
    }
  }
  const database = parameters.get('database') ?? request.headers['x-clickhouse-database'] ?? DATABASE;
  if (database !== DATABASE && database !== 'default' && database !== '') {
    throw new Refusal(404, 81, `Database ${JSON.stringify(database)} does not exist; there is ${DATABASE}`, 'UNKNOWN_DATABASE');
  }
  const format = parameters.get('default_format') ?? request.headers['x-clickhouse-format'] ?? 'TabSeparated';
  if (typeof format !== 'string' || !/^\w{1,64}$/.test(format)) throw new Refusal(400, 73, 'Unknown format', 'UNKNOWN_FORMAT');
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Refusal(415, 48, 'Send the body without compression', 'NOT_IMPLEMENTED');
  }
  const body = await readBody(request, BODY_BYTES_MAX[role]);
  const asked = parameters.get('query') ?? '';
  if (/^\s*INSERT\b/i.test(asked)) return { role, sql: asked, params, format, body };
  // As ClickHouse has it, the body continues the query.
  const sql = asked === '' ? body.toString('utf8') : body.length === 0 ? asked : `${asked}\n${body.toString('utf8')}`;
  if (sql.trim() === '') throw new Refusal(400, 62, 'Empty query', 'SYNTAX_ERROR');
  return { role, sql, params, format };
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax) throw new Refusal(413, 307, `The body is longer than ${bytesMax} bytes`, 'TOO_MANY_BYTES');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ForbiddenQuery) return new Refusal(403, 497, `Not allowed: ${message}`, 'ACCESS_DENIED');
  if (error instanceof SqlTextError) return new Refusal(400, 62, `Syntax error: ${message}`, 'SYNTAX_ERROR');
  if (error instanceof TooManyQueries) return new Refusal(503, 202, `Too many queries: ${message}`, 'TOO_MANY_SIMULTANEOUS_QUERIES');
  // The engine's own words, which start with its code.
  const [, code, text] = /^Code: (\d+)\. (?:DB::Exception: )?([^]*)$/.exec(message) ?? [];
  if (code === undefined) return new Refusal(500, 1001, message, 'STD_EXCEPTION');
  const refusal = new Refusal(code === '497' || code === '164' ? 403 : 500, Number(code), '', '');
  refusal.message = `Code: ${code}. DB::Exception: ${text ?? ''}`;
  return refusal;
}

function printable(text: string | null): string | undefined {
  return text !== null && /^[\x21-\x7e]{1,100}$/.test(text) ? text : undefined;
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string | Uint8Array): void {
  response.writeHead(status, { ...headers, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  response.end(body);
}
