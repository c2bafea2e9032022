/** Java, and Kafka's jars. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { fetchJars, jarFolder } from './maven-jars.ts';
import { installPackages, programPath } from './packages.ts';
import { ServiceMissing } from './service.ts';

export const KAFKA_VERSION = '4.3.0';
const JAVA_MIN = 17;
/** `kafka-tools` holds the command-line programs (console producer and consumer), which tests use as foreign clients. */
const KAFKA_JARS = {
  name: `kafka-${KAFKA_VERSION}`,
  title: `the jars of Kafka ${KAFKA_VERSION} (54 MB)`,
  artifacts: [`org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`, `org.apache.kafka:kafka-tools:${KAFKA_VERSION}`],
};

/** A folder; it is there only as a whole. */
export function kafkaJars(): string {
  return jarFolder(KAFKA_JARS);
}

/** The path of a Java that is new enough. @throws ServiceMissing saying what was found */
export async function javaPath(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const found = home && existsSync(path.join(home, 'bin/java')) ? path.join(home, 'bin/java') : programPath('java');
  if (found === undefined) throw new ServiceMissing(`no java on PATH; expected Java ${JAVA_MIN} or newer`);
  const { stderr } = await promisify(execFile)(found, ['-version']);
  const version = Number(/version "(?:1\.)?(\d+)/.exec(stderr)?.[1]);
  if (!(version >= JAVA_MIN)) throw new ServiceMissing(`${found} is Java ${version}; expected ${JAVA_MIN} or newer`);
  return found;
}

/** Makes the cache where it is missing; two at a time do no harm. @throws ServiceMissing */
export async function fetchKafkaJars(): Promise<void> {
  if ((await javaPath().catch(() => undefined)) === undefined) await installPackages(['default-jre-headless']);
  await fetchJars(KAFKA_JARS);
}
