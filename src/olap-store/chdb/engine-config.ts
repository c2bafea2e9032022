/** The engine's configuration, written beside its data at each start. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const DATABASE = 'tocsin';
/** What a reader needs to find its way (Grafana's table list) and nothing about the machine. The guard holds readers to it: the engine does not ask for these grants. */
export const READABLE_SYSTEM_TABLES = [
  'one',
  'numbers',
  'databases',
  'tables',
  'columns',
  'functions',
  'table_functions',
  'data_type_families',
  'formats',
  'parts',
];

/** Limits on one query of a reader. */
export const READER_SECONDS_MAX = 30;
export const READER_MEMORY_BYTES_MAX = 500_000_000;
export const READER_RESULT_BYTES_MAX = 50_000_000;

/** The settings are fixed when a connection is made and `readonly` forbids to change them afterwards. */
export const READER_ARGUMENTS: readonly string[] = [
  `--max_execution_time=${READER_SECONDS_MAX}`,
  '--timeout_overflow_mode=throw',
  `--max_memory_usage=${READER_MEMORY_BYTES_MAX}`,
  `--max_result_bytes=${READER_RESULT_BYTES_MAX}`,
  '--result_overflow_mode=throw',
  '--max_threads=2',
  '--allow_ddl=0',
  '--allow_introspection_functions=0',
  '--output_format_json_quote_64bit_integers=0',
  '--readonly=1',
];
export const OWNER_ARGUMENTS: readonly string[] = [
  '--async_insert=0',
  '--precise_float_parsing=1',
  '--max_partitions_per_insert_block=0',
  '--output_format_json_quote_64bit_integers=0',
];

/**
 * The engine's one user has grants on the `tocsin` database and no others: no source grant, so files, URLs, other servers and
 * programs are out of reach for every query of the process, whoever sent it. Returns the path of the configuration.
 */
export function writeEngineConfig(dir: string): string {
  mkdirSync(path.join(dir, 'data'), { recursive: true, mode: 0o700 });
  const users = path.join(dir, 'users.xml');
  const config = path.join(dir, 'config.xml');
  const grants = [
    `GRANT SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP, SHOW, OPTIMIZE, TRUNCATE, SYSTEM VIEWS ON ${DATABASE}.*`,
    'GRANT TABLE ENGINE ON *',
    ...READABLE_SYSTEM_TABLES.map((table) => `GRANT SELECT ON system.${table}`),
  ];
  writeFileSync(
    users,
    `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password>
    <networks><ip>::/0</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
    <grants>${grants.map((grant) => `<query>${grant}</query>`).join('')}</grants>
  </default></users>
</clickhouse>
`,
    { mode: 0o600 },
  );
  writeFileSync(
    config,
    `<clickhouse>
  <users_config>${xml(users)}</users_config>
  <user_files_path>${xml(path.join(dir, 'no-files'))}/</user_files_path>
  <max_server_memory_usage_to_ram_ratio>0.4</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>134217728</mark_cache_size>
</clickhouse>
`,
    { mode: 0o600 },
  );
  return config;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
