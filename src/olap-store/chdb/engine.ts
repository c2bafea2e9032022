/**
 * chDB behind roles. A connection runs one query at a time, so puts, the owner's reads, readers and the health probe have
 * connections of their own: a reader's long query keeps nobody else waiting.
 */
import { globSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Session } from 'chdb';
import type { Role } from './access.ts';
import { createConnectionPool } from './connection-pool.ts';
import { DATABASE, OWNER_ARGUMENTS, READER_ARGUMENTS, writeEngineConfig } from './engine-config.ts';
import { forbiddenTableFunctions, readableQuery } from './reader-guard.ts';
import { bindParameters, textOf, tokenize } from './sql-text.ts';

export interface EngineQuery {
  readonly role: Role;
  readonly sql: string;
  readonly params: ReadonlyMap<string, string>;
  /** Where the SQL names none. */
  readonly format: string;
  /** Rows of an INSERT, as they came. */
  readonly body?: Buffer;
}

export interface EngineResult {
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly rowsWritten: number;
  readonly elapsedSeconds: number;
}

export interface Engine {
  /** @throws what the engine says (`Code: 62. DB::Exception: …`), SqlTextError, ForbiddenQuery, TooManyQueries */
  run(query: EngineQuery): Promise<EngineResult>;
  /** Resolves when the engine has answered a trivial query. */
  probe(): Promise<void>;
}

const OWNER_WAITING_MAX = 1_000;
const READERS_WAITING_MAX = 16;
const PROBES_WAITING_MAX = 16;
/** The only INSERT taken: rows as JSON from the body of the request. */
const INSERT = /^\s*INSERT\s+INTO\s+(\w+\.\w+)\s*(?:\(([\w\s,`]+)\))?\s*FORMAT\s+JSONEachRow\s*;?\s*$/i;

/**
 * A disk that is full when a table is made leaves an empty file for its definition, and over that the engine does not start. The table has
 * no rows yet: without the file it is made again.
 */
function removeHalfMade(data: string): void {
  for (const file of globSync('store/*/*/*.sql', { cwd: data })) {
    const definition = path.join(data, file);
    if (statSync(definition).size === 0) rmSync(definition);
  }
}

export async function openEngine(dir: string): Promise<Engine> {
  const { Session: ChdbSession } = await import('chdb');
  const config = `--config-file=${writeEngineConfig(dir)}`;
  removeHalfMade(path.join(dir, 'data'));
  // The first connection starts the engine, with the configuration; the others join it.
  const connect = (args: readonly string[]): Session => new ChdbSession(path.join(dir, 'data'), { connectionArgs: [config, ...args] });
  const anchor = connect(OWNER_ARGUMENTS);
  await anchor.queryAsync(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
  const open = async (args: readonly string[]): Promise<Session> => {
    const session = connect(args);
    await session.queryAsync(`USE ${DATABASE}`);
    return session;
  };
  const owner = () => open(OWNER_ARGUMENTS);
  const puts = createConnectionPool({ size: 1, waitingMax: OWNER_WAITING_MAX }, owner);
  const reads = createConnectionPool({ size: 2, waitingMax: OWNER_WAITING_MAX }, owner);
  const probes = createConnectionPool({ size: 1, waitingMax: PROBES_WAITING_MAX }, owner);
  const readers = createConnectionPool({ size: 2, waitingMax: READERS_WAITING_MAX }, () => open(READER_ARGUMENTS));

  const select = async (session: Session, sql: string, format: string): Promise<EngineResult> => {
    const result = await session.queryAsync(sql, { format });
    const { rowsRead, bytesRead, elapsed } = result;
    return { bytes: result.bytes(), rowsRead, bytesRead, rowsWritten: 0, elapsedSeconds: elapsed };
  };
  const tsv = async (session: Session, sql: string): Promise<string> => (await session.queryAsync(sql, { format: 'TSV' })).text().trim();

  const names = await reads.use((session) => tsv(session, 'SELECT name FROM system.table_functions'));
  const tableFunctions = forbiddenTableFunctions(names.split('\n'));
  const readonly = await readers.use((session) => tsv(session, "SELECT getSetting('readonly')"));
  if (readonly !== '1') throw new Error('the engine does not keep the read-only setting of its connections');

  async function insert(table: string, columns: string | undefined, body: Buffer): Promise<EngineResult> {
    const list = columns?.split(',').map((name) => name.trim().replaceAll('`', ''));
    const rows = { table, values: body, format: 'JSONEachRow' as const, ...(list && { columns: list }) };
    const written = await puts.use((session) => session.insert(rows));
    return { bytes: new Uint8Array(), rowsRead: 0, bytesRead: 0, rowsWritten: written.rowsWritten, elapsedSeconds: written.elapsed };
  }

  return {
    run: async ({ role, sql, params, format, body }) => {
      const insertion = role === 'owner' ? INSERT.exec(sql) : undefined;
      if (insertion) return insert(insertion[1]!, insertion[2], body ?? Buffer.alloc(0));
      const tokens = bindParameters(tokenize(sql), params);
      if (role === 'owner') return reads.use((session) => select(session, textOf(tokens), format));
      const checked = readableQuery(tokens, tableFunctions);
      return readers.use((session) => select(session, checked, format));
    },
    probe: async () => {
      await probes.use((session) => session.queryAsync('SELECT 1'));
    },
  };
}
