/** A Kafka of one's own: one node in KRaft mode on free ports of loopback, or one of several ([kafka-cluster.ts](kafka-cluster.ts)). */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { dockerWorks, startContainer } from './container.ts';
import { archiveClasses, archiveOptions, quickJava } from './kafka-archive.ts';
import { formatNew, newClusterId, type KafkaMember } from './kafka-format.ts';
import { fetchKafkaJars, javaPath, kafkaJars, KAFKA_VERSION } from './kafka-jars.ts';
import { installPackages, programPath } from './packages.ts';
import { accepts, freePort } from './port.ts';
import { startProcess } from './process.ts';
import { ServiceMissing, type Service } from './service.ts';

export interface KafkaOptions {
  /** For data, settings and what it prints; a temporary folder unless told. */
  readonly dir?: string;
  readonly port?: number;
  /** The port that clients are told to connect to, where something stands in between; default `port`. */
  readonly advertisedPort?: number;
  /**
   * What clients speak on the port; PLAINTEXT unless told. The broker talks to itself on a port of its own, always PLAINTEXT, so
   * TLS and SASL need the settings of the listener `CLIENT` alone: `ssl.keystore.location`, `listener.name.client.plain.sasl.jaas.config` …
   */
  readonly protocol?: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** Further lines of server.properties, in place of ours with the same name. Files they name must lie in `dir`. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Users for SCRAM-SHA-256 and SCRAM-SHA-512: name -> password. */
  readonly scramUsers?: Readonly<Record<string, string>>;
  /** It serves a measurement: its code is compiled for speed. In tests that takes more of the processor than it saves, in one as in all of them. */
  readonly lasting?: boolean;
  /** It is one of several. */
  readonly member?: KafkaMember;
  /** At its end in good order it writes the classes that it has loaded into this file. */
  readonly archive?: string;
}

/** Topics are made by asking only. @throws ServiceMissing where there are neither Docker nor Java and the jars */
export async function startKafka(options: KafkaOptions = {}): Promise<Service> {
  const missing = await kafkaMissing();
  if (missing !== undefined) throw new ServiceMissing(missing);
  const docker = await dockerWorks();
  const java = docker ? '' : await javaPath();
  const dir = options.dir ?? mkdtempSync(path.join(tmpdir(), 'tocsin-kafka-'));
  mkdirSync(dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const settings = path.join(dir, 'server.properties');
  const data = path.join(dir, 'data');
  const member = options.member ?? { id: 1, controllerPorts: [await freePort()], clusterId: newClusterId() };
  writeFileSync(settings, await serverProperties({ ...options, port, bind: docker ? '0.0.0.0' : '127.0.0.1', data, member }));
  const scram = scramArguments(options);
  const format = ['format', '--ignore-formatted', '-t', member.clusterId, '-c', settings, ...scram];
  const common = { name: 'kafka', address: `127.0.0.1:${port}`, ready: () => accepts(port) };
  if (docker) {
    const published = [
      '--publish',
      `127.0.0.1:${port}:${port}`,
      '--volume',
      `${dir}:${dir}`,
      '--user',
      'root',
      '--env',
      'KAFKA_HEAP_OPTS=-Xmx512m',
    ];
    const script = '/opt/kafka/bin/kafka-storage.sh "$@" && exec /opt/kafka/bin/kafka-server-start.sh "$0"';
    const command = ['-c', script, settings, ...format];
    return startContainer({ ...common, image: `apache/kafka:${KAFKA_VERSION}`, options: [...published, '--entrypoint', 'sh'], command });
  }
  const classes = ['-cp', path.join(kafkaJars(), '*')];
  const byTool = () => promisify(execFile)(java, [...quickJava(), ...classes, 'kafka.tools.StorageTool', ...format]);
  await (scram.length > 0 || existsSync(data) ? byTool() : formatNew(data, member, byTool));
  // While the archive is made there is none yet.
  const archive = options.archive === undefined ? [] : [`-XX:ArchiveClassesAtExit=${options.archive}`];
  const speed = options.lasting ? ['-XX:+UseG1GC', '-Xshare:auto', ...archiveOptions()] : quickJava();
  const args = ['-Xmx512m', ...speed, ...archive, ...classes, 'kafka.Kafka', settings];
  return startProcess({ ...common, command: java, args, dir, ownsDir: options.dir === undefined });
}

/** Why `startKafka` cannot work here; undefined where it can. */
export async function kafkaMissing(): Promise<string | undefined> {
  if (await dockerWorks()) return undefined;
  try {
    await javaPath();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return existsSync(kafkaJars()) ? undefined : `no jars of Kafka ${KAFKA_VERSION} in ${kafkaJars()}, and no Docker`;
}

/** Makes `startKafka` work on this machine, if that is possible, and brings kcat, a client of others that tests write with; without it they skip that. */
export async function provideKafka(): Promise<void> {
  if (programPath('kcat') === undefined)
    await installPackages(['kcat']).catch((error: Error) => console.error(`services: ${error.message}`));
  if (await dockerWorks()) return;
  await fetchKafkaJars();
  await archiveClasses((archive) => startKafka({ archive }));
}

type Place = KafkaOptions & { readonly port: number; readonly bind: string; readonly data: string; readonly member: KafkaMember };

async function serverProperties({
  port,
  advertisedPort = port,
  bind,
  data,
  protocol = 'PLAINTEXT',
  properties = {},
  member,
}: Place): Promise<string> {
  const internal = await freePort();
  const { id, controllerPorts } = member;
  const ours = {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    listeners: `CLIENT://${bind}:${port},INTERNAL://127.0.0.1:${internal},CONTROLLER://127.0.0.1:${controllerPorts[id - 1]}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${advertisedPort},INTERNAL://127.0.0.1:${internal}`,
    'listener.security.protocol.map': `CLIENT:${protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': controllerPorts.map((each, i) => `${i + 1}@127.0.0.1:${each}`).join(),
    'log.dirs': data,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    // After a crash the broker is taken in again when its last session has ended (9 s unless set).
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // Tests of takeovers wait for the end of a session: let it be short.
    'group.min.session.timeout.ms': '1000',
  };
  const lines = Object.entries({ ...ours, ...properties }).map(([name, value]) => `${name}=${value}\n`);
  return lines.join('');
}

function scramArguments({ scramUsers = {} }: KafkaOptions): string[] {
  return Object.entries(scramUsers).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]),
  );
}
