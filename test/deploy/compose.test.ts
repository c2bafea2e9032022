/** deploy/compose.yml: options, addresses, ports and topics are those of the code and of the services beside it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ROLES } from '../../src/app/roles/roles.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { topicsOf } from '../../src/pipeline/topics.ts';
import { ROOT } from '../e2e/tocsin.ts';
import { read, told, yamlOf, type Environment } from './deployed.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly command?: readonly string[];
  readonly environment?: Environment;
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly read_only?: boolean;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly replicas: number };
  readonly healthcheck?: { readonly test: readonly string[] };
}

/** The variables of a file as Compose reads it. */
function variablesOf(file: string): [name: string, value: string][] {
  return [...read(file).matchAll(/^([A-Z_]+)=(?:"(.*)"|(.*))$/gm)].map(([, name, quoted, plain]) => [name!, quoted ?? plain!]);
}

/** `.env` as somebody has filled it in. */
const ENV: Environment = Object.fromEntries(
  variablesOf('deploy/.env.example').map(([name, value]) => [name, value || `${name}-1234567890`]),
);
const asked = new Set<string>();

/** Variables as Compose fills them in; `$$` is a dollar sign. */
function filled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each)]));
  }
  if (typeof value !== 'string') return value;
  return value.replace(/\$\$|\$\{([A-Z_]+)(:-|:\?)?([^}]*)\}/g, (whole, name: string | undefined, kind: string, rest: string) => {
    if (name === undefined) return '$';
    assert.ok(kind !== undefined, `${whole}: without a default or a message it is empty where it was forgotten`);
    asked.add(name);
    if (kind === ':-' && rest !== '') assert.equal(rest, ENV[name], `${name}: the default is not that of .env.example`);
    return ENV[name] || (kind === ':-' ? rest : assert.fail(`${name} is not in .env.example`));
  });
}

const [file] = yamlOf('deploy/compose.yml') as [{ services: Record<string, Service>; volumes: Record<string, unknown> }];
const services = filled(file.services) as Record<string, Service>;
const ours = Object.entries(services).filter(([, { image }]) => image.startsWith('tocsin:'));

describe('deploy/compose.yml', () => {
  it('asks for no variable that .env.example does not have, and for all that it has', () => {
    assert.deepEqual([...asked].sort(), Object.keys(ENV).sort());
  });

  it('gives Tocsin options and variables that it has, and each role to somebody', () => {
    const roles = ours.flatMap(([, { command, environment }]) => told(command!, environment!).roles);
    assert.deepEqual(roles.sort(), [...ROLES].sort());
    assert.equal(services['aggregate']!.deploy!.replicas, 2);
  });

  it('names services that are there, on the ports they listen on', () => {
    for (const [, { command, environment, healthcheck }] of ours) {
      const one = told(command!, environment!);
      assert.deepEqual([one.kafka, one.redis, one.clickhouse], ['kafka:9092', 'redis:6379', 'clickhouse:8123']);
      assert.ok(healthcheck!.test.join(' ').includes(`http://127.0.0.1:${one.port}/healthz`));
    }
    const { port } = told(services['api']!.command!, services['api']!.environment!);
    assert.deepEqual(services['api']!.ports, [`127.0.0.1:${port}:${port}`]);
    const kafka = services['kafka']!.environment!;
    const listeners = kafka['KAFKA_LISTENERS']!.split(',');
    const advertised = kafka['KAFKA_ADVERTISED_LISTENERS']!.split(',');
    assert.ok(listeners.includes('INTERNAL://0.0.0.0:9092') && advertised.includes('INTERNAL://kafka:9092'));
    const [, host] = /HOST:\/\/127\.0\.0\.1:(\d+)/.exec(kafka['KAFKA_ADVERTISED_LISTENERS']!)!;
    assert.deepEqual(services['kafka']!.ports, [`127.0.0.1:${host}:${host}`]);
    assert.ok(listeners.includes(`HOST://0.0.0.0:${host}`));
    for (const { ports = [] } of Object.values(services)) for (const each of ports) assert.match(each, /^127\.0\.0\.1:/);
  });

  it('has the same password on both sides', () => {
    const { TOCSIN_REDIS_PASSWORD, TOCSIN_CLICKHOUSE_PASSWORD } = services['api']!.environment!;
    assert.equal(services['redis']!.environment!['REDIS_PASSWORD'], TOCSIN_REDIS_PASSWORD);
    const { CLICKHOUSE_USER, CLICKHOUSE_PASSWORD, GRAFANA_CLICKHOUSE_PASSWORD } = services['clickhouse']!.environment!;
    assert.equal(CLICKHOUSE_PASSWORD, TOCSIN_CLICKHOUSE_PASSWORD);
    assert.ok(services['api']!.environment!['TOCSIN_OLAP_STORE']!.includes(`//${CLICKHOUSE_USER}@`));
    assert.equal(services['grafana']!.environment!['GRAFANA_CLICKHOUSE_PASSWORD'], GRAFANA_CLICKHOUSE_PASSWORD);
  });

  it('makes the raw topics of the pipeline file', () => {
    const { file: pipeline } = told(services['api']!.command!, services['api']!.environment!);
    assert.equal(path.basename(pipeline), ENV['TOCSIN_PIPELINE']);
    const { command, environment } = services['kafka-topics']!;
    assert.deepEqual([environment!['TOPICS'], environment!['PARTITIONS']], [ENV['TOCSIN_TOPICS'], ENV['TOCSIN_PARTITIONS']]);
    assert.ok(Number(environment!['PARTITIONS']) >= services['aggregate']!.deploy!.replicas);
    assert.equal(services['api']!.volumes!.join(), '../pipelines:/pipelines:ro');

    // Its shell says what it would run. The pipelines that .env.example names, each with its topics.
    const script = command!.at(-1)!.replace('/opt/kafka/bin/kafka-topics.sh', 'echo');
    const named = [...read('deploy/.env.example').matchAll(/TOCSIN_PIPELINE=(\S+)\s+(?:# *)?TOCSIN_TOPICS="(.+)"/g)];
    assert.deepEqual(
      named.map(([, name]) => name),
      ['adtech.yml', 'commerce.yml', 'demo.yml'],
    );
    for (const [, name, topics] of named) {
      const said = execFileSync(command![0]!, [...command!.slice(1, -1), script], { env: { TOPICS: topics, PARTITIONS: '6' } }).toString();
      const { sources } = loadPipeline(path.join(ROOT, 'pipelines', name!)).engine;
      assert.deepEqual(
        [...said.matchAll(/--create --if-not-exists --topic (\S+) --partitions 6 --config message\.timestamp\.type=LogAppendTime$/gm)].map(
          ([, topic]) => topic,
        ),
        sources.map(({ topic }) => topic),
      );
    }
  });

  it('gives what receivers name as ${…} to the one that tells them, for every pipeline file that comes along', () => {
    const given = variablesOf('deploy/receivers.env.example');
    assert.deepEqual(
      given.filter(([, value]) => value !== ''),
      [],
    );
    const wanted = globSync('pipelines/*.yml', { cwd: ROOT }).flatMap((shipped) =>
      [...read(shipped).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!),
    );
    assert.deepEqual([...new Set(wanted)].sort(), given.map(([name]) => name).sort());
    const takers = Object.entries(services).filter(([, { env_file }]) => env_file);
    assert.deepEqual(
      takers.map(([name, { env_file }]) => [name, env_file]),
      [['notify', [{ path: 'receivers.env', required: false }]]],
    );
    // What stands in `environment` would hide it.
    for (const name of wanted) assert.ok(!(name in services['notify']!.environment!), name);
  });

  it('names the members of which there is one, each in its own way, and no other', () => {
    const names = ours.flatMap(([name, { environment }]) => (environment!['TOCSIN_INSTANCE_ID'] === undefined ? [] : [name]));
    assert.deepEqual(names, ['api', 'monitor', 'notify', 'store']);
    assert.equal(new Set(names.map((name) => services[name]!.environment!['TOCSIN_INSTANCE_ID'])).size, names.length);
    for (const name of names) assert.equal(services[name]!.deploy, undefined, `${name}: several would have one name`);
  });

  it('keeps state in Kafka and ClickHouse alone', () => {
    assert.deepEqual(Object.keys(file.volumes), ['kafka', 'clickhouse']);
    const named = Object.entries(services).flatMap(([name, { volumes = [] }]) =>
      volumes.filter((volume) => /^\w/.test(volume)).map((volume) => `${name}: ${volume}`),
    );
    assert.deepEqual(named, ['kafka: kafka:/var/lib/kafka/data', 'clickhouse: clickhouse:/var/lib/clickhouse']);
    for (const [name, { read_only, tmpfs }] of ours) {
      assert.equal(read_only, true, name);
      assert.deepEqual(
        tmpfs?.map((each) => each.split(':')[0]),
        ['/data', '/tmp'],
        name,
      );
    }
    const redis = services['redis']!.command!.join(' ');
    assert.match(redis, /--maxmemory-policy noeviction --save ""/);
  });

  it('mounts and builds what is there, and waits for services that say when they are well', () => {
    for (const [name, { volumes = [], build, depends_on = {} }] of Object.entries(services)) {
      for (const volume of volumes.filter((each) => each.startsWith('.'))) {
        assert.ok(existsSync(path.join(ROOT, 'deploy', volume.split(':')[0]!)), `${name}: ${volume}`);
      }
      if (build) assert.ok(existsSync(path.join(ROOT, 'deploy', build.context, 'Dockerfile')), name);
      for (const [other, { condition }] of Object.entries(depends_on)) {
        assert.ok(services[other], `${name} waits for ${other}`);
        if (condition === 'service_healthy') assert.ok(services[other].healthcheck, `${name} waits for the health of ${other}`);
      }
    }
  });
});

describe('deploy/clickhouse', () => {
  it('has the user that Compose gives a password', () => {
    const script = read('deploy/compose/clickhouse-users.sh');
    const sql = read('deploy/clickhouse/grafana-user.sql');
    assert.ok(script.includes('s/change-this-password/') && sql.split('change-this-password').length === 2);
    const [source] = (yamlOf('deploy/grafana/provisioning/datasources/tocsin.yml') as [{ datasources: Record<string, unknown>[] }])[0]
      .datasources;
    const { host, port, username, defaultDatabase } = source!['jsonData'] as Record<string, unknown>;
    assert.equal(`${String(host)}:${String(port)}`, told(services['api']!.command!, services['api']!.environment!).clickhouse);
    assert.ok(sql.includes(`CREATE USER IF NOT EXISTS ${String(username)} `) && sql.includes(`ON ${String(defaultDatabase)}.*`));
  });

  it('reads the topic that the pipeline writes', () => {
    assert.ok(read('deploy/clickhouse/kafka-engine.sql').includes(`kafka_topic_list = '${topicsOf('adtech').windows}'`));
  });
});
