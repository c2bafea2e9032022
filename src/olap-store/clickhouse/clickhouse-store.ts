/** The OLAP store on ClickHouse's HTTP protocol: a ClickHouse server, or the embedded chDB child. */
import { buffer } from 'node:stream/consumers';
import { ClickHouseError, ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { AppError } from '../../core/errors.ts';
import { labelsKey } from '../../core/labels.ts';
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { AlertRecord, LatestQuery, ListQuery, OlapStore, RowMerge, WindowsQuery } from '../olap-store.ts';
import type { OlapEndpoint } from './address.ts';
import { REVISION } from './merge-sql.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import type { Retention } from './retention.ts';
import * as rows from './rows.ts';
import { stopRollingUp } from './rollup-tables.ts';
import { ensureSchema } from './schema.ts';
import { clickHouseTrouble } from './trouble.ts';
import { readColumns } from './window-columns.ts';
import { wellFormedJson } from './well-formed-json.ts';

export interface ClickHouseStoreConfig {
  /** Letters, digits and `_`. */
  readonly database?: string;
  /** ms */
  readonly requestTimeoutMs?: number;
  /** How long rows shall be kept; undefined: as it is (for one who reads). */
  readonly retention?: Retention;
  /** Rows put in one request, and read in one page (a page ends with a whole window, so it may be longer). */
  readonly batchRows?: number;
  /** Rows read in one page of columns. */
  readonly columnRows?: number;
  /** False: of an engine that lives for one command. It would begin to roll hours up, take a core for it, and be ended before it is through. */
  readonly rollsUp?: boolean;
}

export interface ClickHouseStoreDeps {
  /** Asked before each operation: an embedded child that restarted is elsewhere. Undefined while there is none. */
  readonly endpoint: () => OlapEndpoint | undefined;
  readonly migrations?: readonly Migration[];
}

const DEFAULT_BATCH_ROWS = 5_000;
/** About 20 MB: a query of many rows costs little more than one of few. */
const DEFAULT_COLUMN_ROWS = 200_000;
const DEFAULT_LIST_ROWS = 1_000;
/** Unknown table, unknown database. */
const GONE_CODES = new Set(['60', '81']);
const LATEST_SPAN_MS = 26 * 3_600_000;
/** An answer that comes whole, or an error in its place: one that fails in its middle would look like less, or like none of the store's words. */
const WHOLE = { wait_end_of_query: 1 } as const;

interface Connection {
  readonly endpoint: OlapEndpoint;
  readonly client: ClickHouseClient;
  /** Set once the tables are there. */
  ready?: Promise<void> | undefined;
}

export function createClickHouseStore(config: ClickHouseStoreConfig, deps: ClickHouseStoreDeps): OlapStore {
  const db = config.database ?? 'tocsin';
  if (!/^[A-Za-z_]\w{0,63}$/.test(db)) {
    throw new AppError('config_invalid', `The OLAP database is called "${db}"; expected letters, digits and _ only.`);
  }
  const batchRows = config.batchRows ?? DEFAULT_BATCH_ROWS;
  const migrations = deps.migrations ?? MIGRATIONS;
  let current: Connection | undefined;

  function connect(): Connection {
    const endpoint = deps.endpoint();
    if (!endpoint) throw new AppError('olap_unavailable', 'The OLAP store is not running (yet).', { retryable: true });
    const at = current?.endpoint;
    if (current && at?.url === endpoint.url && at.username === endpoint.username && at.password === endpoint.password) return current;
    void current?.client.close().catch(() => {});
    const client = createClient({
      json: { stringify: wellFormedJson },
      url: endpoint.url,
      username: endpoint.username,
      password: endpoint.password,
      application: 'tocsin',
      ...(endpoint.ca && { tls: { ca_cert: endpoint.ca } }),
      request_timeout: config.requestTimeoutMs ?? 60_000,
      // A store that was restarted closes idle sockets under us; a fresh one for each request costs little on puts of thousands of rows.
      keep_alive: { enabled: false },
      log: { level: ClickHouseLogLevel.OFF },
    });
    current = { endpoint, client };
    return current;
  }

  async function prepare(client: ClickHouseClient): Promise<void> {
    await ensureSchema(client, { db, migrations, retention: config.retention });
    if (config.rollsUp === false) await stopRollingUp(client, db);
  }

  async function run<T>(work: (client: ClickHouseClient) => Promise<T>): Promise<T> {
    const connection = connect();
    try {
      connection.ready ??= prepare(connection.client);
      await connection.ready.catch((error: unknown) => {
        connection.ready = undefined;
        throw error;
      });
      return await work(connection.client);
    } catch (error) {
      // Gone with a store that was replaced: made again the next time. A lost connection alone is no reason to look at them all again.
      if (error instanceof ClickHouseError && GONE_CODES.has(error.code)) connection.ready = undefined;
      throw clickHouseTrouble(error, { url: connection.endpoint.url, database: db });
    }
  }

  const put = async (table: string, columns: readonly Record<string, unknown>[]): Promise<void> => {
    for (let at = 0; at < columns.length; at += batchRows) {
      const values = columns.slice(at, at + batchRows);
      const names = Object.keys(values[0]!) as [string, ...string[]];
      await run((client) =>
        client.insert({
          table: `${db}.${table}`,
          columns: names,
          values,
          format: 'JSONEachRow',
          // Stored when it resolves; floats to the last bit; a replay of years is many monthly parts at once.
          clickhouse_settings: { async_insert: 0, precise_float_parsing: 1, max_partitions_per_insert_block: '0' },
        }),
      );
    }
  };

  const select = <T>(sql: string, params: Record<string, unknown>): Promise<T[]> =>
    run(async (client) => {
      const result = await client.query({
        query: sql,
        query_params: params,
        format: 'JSONEachRow',
        clickhouse_settings: { ...WHOLE, output_format_json_quote_64bit_integers: 0 },
      });
      return result.json<T>();
    });

  const bytes = (sql: string, params: Record<string, unknown>): Promise<Uint8Array> =>
    run(async (client) => {
      const { stream } = await client.exec({ query: sql, query_params: params, clickhouse_settings: WHOLE });
      return buffer(stream);
    });

  async function* windows(query: WindowsQuery, merge: RowMerge): AsyncIterable<WindowRow> {
    const conditions = ['pipeline = {pipeline:String}', 'start_ms >= {from:Int64}'];
    if (query.window !== undefined) conditions.push('window = {window:String}');
    if (query.to !== undefined) conditions.push('start_ms < {to:Int64}');
    // WITH TIES: a page holds every row of the last start in it.
    const sql = `SELECT ${rows.WINDOW_COLUMNS} FROM ${db}.windows FINAL WHERE ${conditions.join(' AND ')}
      ORDER BY start_ms LIMIT {rows:UInt32} WITH TIES`;
    let from = query.from ?? Number.MIN_SAFE_INTEGER;
    while (true) {
      const params = { pipeline: query.pipeline, window: query.window ?? '', from, to: query.to ?? 0, rows: batchRows };
      const page = await select<rows.StoredWindow>(sql, params);
      yield* merge(page.map(rows.windowRow));
      if (page.length < batchRows) return;
      from = page.at(-1)!.start_ms + 1;
    }
  }

  async function latest({ pipeline, window, labels }: LatestQuery, merge: RowMerge): Promise<readonly WindowRow[]> {
    const of = 'pipeline = {pipeline:String} AND window = {window:String}';
    const recent = `start_ms > (SELECT max(start_ms) FROM ${db}.windows WHERE ${of}) - ${LATEST_SPAN_MS}`;
    // A window consists of its newest revision alone, and which that is the rows of other series may tell.
    const inForce = `(start_ms, ${REVISION}) IN (SELECT start_ms, max(${REVISION}) FROM ${db}.windows WHERE ${of} AND ${recent} GROUP BY start_ms)`;
    const which = `${of} AND ${recent} AND ${inForce}${labels ? ' AND labels_key = {key:String}' : ''}`;
    const sql = `SELECT ${rows.WINDOW_COLUMNS} FROM ${db}.windows FINAL WHERE ${which}
      AND (labels_key, start_ms) IN (SELECT labels_key, max(start_ms) FROM ${db}.windows WHERE ${which} GROUP BY labels_key)`;
    const found = await select<rows.StoredWindow>(sql, { pipeline, window, key: labelsKey(labels ?? {}) });
    return merge(found.map(rows.windowRow));
  }

  /** The newest records of a table or a view, decoded. */
  async function list<T>(from: string, timeColumn: string, order: string, query: ListQuery): Promise<T[]> {
    const conditions = ['true'];
    if (query.pipeline !== undefined) conditions.push('pipeline = {pipeline:String}');
    if (query.from !== undefined) conditions.push(`${timeColumn} >= {from:DateTime64(3, 'UTC')}`);
    if (query.to !== undefined) conditions.push(`${timeColumn} < {to:DateTime64(3, 'UTC')}`);
    const sql = `SELECT record FROM ${db}.${from} WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT {limit:UInt32}`;
    const found = await select<{ record: string }>(sql, {
      pipeline: query.pipeline ?? '',
      from: rows.dateTime(query.from ?? 0),
      to: rows.dateTime(query.to ?? 0),
      limit: query.limit ?? DEFAULT_LIST_ROWS,
    });
    return found.map(({ record }) => JSON.parse(record) as T);
  }

  return {
    putPipeline: (pipeline) => put('pipelines', [rows.pipelineColumns(pipeline)]),
    putWindows: (all) => put('windows', all.map(rows.windowColumns)),
    putAlerts: (pipeline, alerts) =>
      put(
        'alerts',
        alerts.map((alert) => rows.alertColumns(pipeline, alert)),
      ),
    putDeadLetters: (pipeline, letters) =>
      put(
        'dead_letters',
        letters.map((letter) => rows.deadLetterColumns(pipeline, letter)),
      ),
    putRawEvents: (pipeline, events, keepMs) =>
      put(
        'raw_events',
        events.map((event) => rows.rawEventColumns(pipeline, event, keepMs)),
      ),
    windows,
    latest,
    columns: (query) => readColumns(db, query, config.columnRows ?? DEFAULT_COLUMN_ROWS, { rows: select, bytes }),
    alerts: (query) => list<AlertRecord>('alerts FINAL', 'alert_time', 'alert_time DESC, alert_id', query),
    deadLetters: async (query) =>
      (await list<DeadLetter>('dead_letters_in_force', 'append_time', 'topic DESC, partition DESC, offset DESC', query)).reverse(),
    ping: async () => {
      await select('SELECT 1 AS one', {});
    },
    close: async () => {
      const { client } = current ?? {};
      current = undefined;
      await client?.close();
    },
  };
}
