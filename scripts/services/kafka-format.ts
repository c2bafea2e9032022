/**
 * A broker's new folder. Kafka's own tool makes one in a second and a half of the processor; but for the names in `meta.properties` it
 * comes out the same each time, so what it wrote is kept.
 */
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { kafkaJars } from './kafka-jars.ts';

/** One of the nodes that form a cluster; a broker alone is one of one. */
export interface KafkaMember {
  readonly id: number;
  /** Of all of them, by id from 1. */
  readonly controllerPorts: readonly number[];
  /** The same for all. */
  readonly clusterId: string;
}

/** The levels of features that a broker of this version begins with; no name of a cluster or a node stands in it. */
const FEATURES = 'bootstrap.checkpoint';

/** 16 bytes as Kafka writes them; it takes none that begins with a dash. */
export function newClusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, 'A');
}

/** `byTool` does it with Kafka's own, with nothing but common settings; what comes of that is kept where it is the first. */
export async function formatNew(data: string, { id, clusterId }: KafkaMember, byTool: () => Promise<unknown>): Promise<void> {
  const kept = `${kafkaJars()}.format`;
  const features = path.join(data, FEATURES);
  if (!existsSync(kept)) {
    await byTool();
    const made = `${kept}.${process.pid}`;
    copyFileSync(features, made);
    // Two at a time do no harm.
    return renameSync(made, kept);
  }
  mkdirSync(data);
  copyFileSync(kept, features);
  const names = { version: 1, 'cluster.id': clusterId, 'node.id': id, 'directory.id': newClusterId() };
  const lines = Object.entries(names).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(path.join(data, 'meta.properties'), lines.join(''));
}
