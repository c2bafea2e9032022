/** Java's contenders: their jars, fetched where they are missing, and the classes compiled from `java/`. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { javaPath } from '../../scripts/services/kafka-jars.ts';
import { fetchJars } from '../../scripts/services/maven-jars.ts';
import { installPackages } from '../../scripts/services/packages.ts';
import type { Command } from './measured-run.ts';

const JACKSON = 'com.fasterxml.jackson.core:jackson-core:2.21.2';
const FLINK = '2.2.0';
const flink = (name: string): string => `org.apache.flink:${name}:${FLINK}`;
const SETS = {
  kafka: {
    jars: {
      name: 'kafka-streams-4.3.0',
      title: 'Kafka Streams 4.3.0 (94 MB)',
      artifacts: ['org.apache.kafka:kafka-streams:4.3.0', JACKSON],
    },
    sources: ['AdEvent', 'Cell', 'PlainConsumer', 'StreamsJob'],
  },
  flink: {
    jars: {
      name: `flink-${FLINK}`,
      title: `Flink ${FLINK} with its Kafka connector (133 MB)`,
      artifacts: [
        ...['flink-clients', 'flink-streaming-java', 'flink-table-api-java-bridge', 'flink-table-planner-loader'].map(flink),
        ...['flink-table-runtime', 'flink-json', 'flink-connector-base'].map(flink),
        'org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2',
        JACKSON,
      ],
    },
    sources: ['AdEvent', 'Cell', 'FlinkSqlJob', 'FlinkStreamJob'],
  },
} as const;
/** Two processors are what the ratios are about; this collector costs the least. */
const JAVA_OPTIONS = ['-Xmx2g', '-XX:+UseParallelGC'];

export type JavaSet = keyof typeof SETS;
export type JavaRunner = (program: string, args: readonly string[]) => Command;

/** @throws ServiceMissing where Java, its compiler or the jars cannot be had */
export async function prepareJava(name: JavaSet, dir: string): Promise<JavaRunner> {
  const { jars, sources } = SETS[name];
  let java = await javaPath().catch(() => undefined);
  if (java === undefined || !existsSync(compilerOf(java))) await installPackages(['default-jdk-headless']);
  java = await javaPath();
  const libraries = path.join(await fetchJars(jars), '*');
  const classes = path.join(dir, `classes-${name}`);
  mkdirSync(classes, { recursive: true });
  const files = sources.map((source) => path.join(import.meta.dirname, 'java', `${source}.java`));
  await promisify(execFile)(existsSync(compilerOf(java)) ? compilerOf(java) : 'javac', ['-d', classes, '-cp', libraries, ...files]);
  return (program, args) => ({
    program: java,
    args: [...JAVA_OPTIONS, '-cp', `${classes}${path.delimiter}${libraries}`, program, ...args],
  });
}

function compilerOf(java: string): string {
  return path.join(path.dirname(java), 'javac');
}
