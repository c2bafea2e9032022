-- A user for Grafana (Superset, Metabase …): reads Tocsin's tables, within limits, and nothing else.
-- Put another password, and another database where Tocsin was given one. Run it as a user that may create users:
--   clickhouse-client --multiquery < grafana-user.sql

CREATE SETTINGS PROFILE IF NOT EXISTS tocsin_reader SETTINGS
  -- 2: reads alone, but a client may set what bounds its own query, as Grafana does with max_execution_time.
  readonly = 2,
  allow_ddl = 0,
  max_execution_time = 30 MAX 60,
  max_memory_usage = 1000000000 MAX 2000000000,
  max_result_bytes = 100000000 MAX 200000000,
  result_overflow_mode = 'throw',
  max_threads = 4;

CREATE QUOTA IF NOT EXISTS tocsin_reader FOR INTERVAL 1 minute MAX queries = 600, execution_time = 300;

CREATE USER IF NOT EXISTS grafana IDENTIFIED WITH sha256_password BY 'change-this-password'
  SETTINGS PROFILE 'tocsin_reader';

ALTER QUOTA tocsin_reader TO grafana;

-- SELECT alone: no table functions (file, url, s3, remote …), no other database.
GRANT SELECT ON tocsin.* TO grafana;
-- What Grafana's editor lists.
GRANT SHOW TABLES, SHOW COLUMNS ON tocsin.* TO grafana;
