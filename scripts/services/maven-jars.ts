/** Jars with all they depend on, from Maven Central into a cache outside the checkout. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { installPackages, programPath } from './packages.ts';
import { ServiceMissing } from './service.ts';

export interface JarSet {
  /** Of the folder in the cache, versions included. */
  readonly name: string;
  /** For people: what it is, and how much. */
  readonly title: string;
  /** `group:artifact:version` each. */
  readonly artifacts: readonly string[];
}

/** The set's folder; it is there only as a whole. */
export function jarFolder({ name }: Pick<JarSet, 'name'>): string {
  const cache = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  return path.join(cache, 'tocsin', name);
}

/** Fills the folder where it is missing; two at a time do no harm. @throws ServiceMissing */
export async function fetchJars(set: JarSet): Promise<string> {
  const folder = jarFolder(set);
  if (existsSync(folder)) return folder;
  if (programPath('mvn') === undefined) await installPackages(['maven']);
  console.error(`services: fetching ${set.title} into ${folder}`);
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    writeFileSync(path.join(work, 'pom.xml'), pomOf(set));
    const goal = ['-q', '-B', '-ntp', 'dependency:copy-dependencies', `-DoutputDirectory=${path.join(work, 'jars')}`];
    await promisify(execFile)('mvn', goal, { cwd: work, timeout: 600_000, maxBuffer: 1 << 24 }).catch((error: { stdout?: string }) => {
      const cause = error.stdout?.trim().split('\n').slice(0, 3).join('\n') || String(error);
      throw new ServiceMissing(`Maven could not fetch ${set.title}: ${cause}`, { cause: error });
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
  return folder;
}

function pomOf({ name, artifacts }: JarSet): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, id, version] = artifact.split(':');
    return `    <dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version></dependency>\n`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tocsin</groupId><artifactId>${name}</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
${dependencies.join('')}  </dependencies>
</project>
`;
}
