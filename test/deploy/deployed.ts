/** What the files in deploy/ hand to Tocsin, checked against the code that takes it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { parseRoles, type Role } from '../../src/app/roles/roles.ts';
import { createProgram } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { parseRedisUrl } from '../../src/hot-store/redis/url.ts';
import { parseKafkaUrl } from '../../src/log/kafka/url.ts';
import { parseOlapAddress } from '../../src/olap-store/clickhouse/address.ts';
import { parseListenAddress, requireKey } from '../../src/server/listen-address.ts';
import { ROOT } from '../e2e/tocsin.ts';

export type Environment = Readonly<Record<string, string>>;

export function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** All documents of a YAML file, merge keys resolved. @throws what does not parse, or warns */
export function yamlOf(file: string): unknown[] {
  return parseAllDocuments(read(file), { merge: true }).map((document) => {
    assert.deepEqual([...document.errors, ...document.warnings], [], file);
    return document.toJS() as unknown;
  });
}

/** What one process of Tocsin was told. */
export interface Told {
  /** The path of the pipeline file. */
  readonly file: string;
  readonly roles: readonly Role[];
  readonly port: number;
  /** `host:port` of each. */
  readonly kafka: string;
  readonly redis: string;
  readonly clickhouse: string;
}

/** As commander and the parsers of addresses take it: an option, a variable or a value that they do not know fails. */
export function told(args: readonly string[], env: Environment): Told {
  const program = createProgram(createTerminal(process), () => {});
  const [name, ...rest] = args;
  const command = program.commands.find((each) => each.name() === name);
  assert.ok(command?.name() === 'run');
  const { operands, unknown } = command.parseOptions(rest);
  assert.deepEqual(unknown, [], 'options that there are not');
  assert.equal(operands.length, 1);
  const known = knownVariables();
  const strange = Object.keys(env).filter((each) => each.startsWith('TOCSIN_') && !known.has(each));
  assert.deepEqual(strange, [], 'variables that nobody reads');

  const { data, listen } = command.opts<{ data: string; listen: string }>();
  assert.equal(data, '/data');
  const address = parseListenAddress(listen);
  requireKey(address, env['TOCSIN_API_KEY']);
  const kafka = parseKafkaUrl(env['TOCSIN_LOG'] ?? '', env);
  const redis = parseRedisUrl(env['TOCSIN_HOT_STORE'] ?? '', env);
  assert.ok(redis.password, 'a password for Redis');
  const olap = parseOlapAddress(env['TOCSIN_OLAP_STORE'] ?? '', env);
  assert.ok(olap.kind === 'server' && olap.endpoint.password !== '', 'a ClickHouse server with a password');
  return {
    file: operands[0]!,
    roles: [...parseRoles(env['TOCSIN_ROLES'] ?? '')],
    port: address.port,
    kafka: kafka.brokers.map(({ host, port }) => `${host}:${port}`).join(),
    redis: `${redis.host}:${redis.port}`,
    clickhouse: new URL(olap.endpoint.url).host,
  };
}

/** Every environment variable of ours that the code reads. */
function knownVariables(): Set<string> {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) => !file.includes('.test.'));
  return new Set(files.flatMap((file) => [...read(file).matchAll(/(?:env\['|\.env\(')(TOCSIN_\w+)'/g)].map((match) => match[1]!)));
}
