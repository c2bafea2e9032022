/** Kafka's jars, from Maven Central into a cache outside the checkout. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { installPackages, programPath } from './packages.ts';
import { ServiceMissing } from './service.ts';

const run = promisify(execFile);

export const KAFKA_VERSION = '4.3.0';
const JAVA_MIN = 17;
/** `kafka-tools` holds the command-line programs (console producer and consumer), which tests use as foreign clients. */
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tocsin</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${KAFKA_VERSION}</version></dependency>
  </dependencies>
</project>
`;

/** A folder; it is there only as a whole. */
export function kafkaJars(): string {
  const cache = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  return path.join(cache, 'tocsin', `kafka-${KAFKA_VERSION}`);
}

/** The path of a Java that is new enough. @throws ServiceMissing saying what was found */
export async function javaPath(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const found = home && existsSync(path.join(home, 'bin/java')) ? path.join(home, 'bin/java') : programPath('java');
  if (found === undefined) throw new ServiceMissing(`no java on PATH; expected Java ${JAVA_MIN} or newer`);
  const { stderr } = await run(found, ['-version']);
  const version = Number(/version "(?:1\.)?(\d+)/.exec(stderr)?.[1]);
  if (!(version >= JAVA_MIN)) throw new ServiceMissing(`${found} is Java ${version}; expected ${JAVA_MIN} or newer`);
  return found;
}

/** Makes the cache where it is missing; two at a time do no harm. @throws ServiceMissing */
export async function fetchKafkaJars(): Promise<void> {
  const folder = kafkaJars();
  const missing = (await javaPath().catch(() => undefined)) === undefined ? ['default-jre-headless'] : [];
  if (!existsSync(folder) && programPath('mvn') === undefined) missing.push('maven');
  if (missing.length > 0) await installPackages(missing);
  if (existsSync(folder)) return;
  console.error(`services: fetching the jars of Kafka ${KAFKA_VERSION} into ${folder} (54 MB)`);
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    writeFileSync(path.join(work, 'pom.xml'), POM);
    const goal = ['-q', '-B', '-ntp', 'dependency:copy-dependencies', `-DoutputDirectory=${path.join(work, 'jars')}`];
    await run('mvn', goal, { cwd: work, timeout: 600_000, maxBuffer: 1 << 24 }).catch((error: { stdout?: string }) => {
      const cause = error.stdout?.trim().split('\n').slice(0, 3).join('\n') || String(error);
      throw new ServiceMissing(`Maven could not fetch the jars of Kafka ${KAFKA_VERSION}: ${cause}`, { cause: error });
    });
    try {
      renameSync(path.join(work, 'jars'), folder);
    } catch (error) {
      // Somebody else was quicker, with the same jars.
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
