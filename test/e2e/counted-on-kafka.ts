/** A pipeline on a real broker that counts its events by the minute, under a name of its own; each run ends with what there is. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { output } from './tocsin.ts';

export interface CountedOnKafka {
  readonly name: string;
  /** Its raw topic. */
  readonly topic: string;
  /** Options that say where it keeps things. */
  readonly log: readonly string[];
  /** `options`: further ones. Gives what became of the records. */
  run(...options: string[]): Promise<{ readonly accepted: number; readonly invalid: number }>;
}

/** `dir`: for its file and its data; `address`: of the broker. */
export function countedOnKafka(dir: string, address: string): CountedOnKafka {
  const name = `counted${randomBytes(4).toString('hex')}`;
  const topic = `${name}-raw`;
  const file = path.join(dir, 'counted.yml');
  const log = ['--log', `kafka://${address}`, '--data', path.join(dir, 'data')];
  const what = 'event: { id: id, time: at }\ndimensions: []\nmeasures: { n: { count: events } }\nwindows: [1m]\n';
  writeFileSync(file, `pipeline: ${name}\nsource: { topic: ${topic} }\n${what}`);
  return {
    name,
    topic,
    log,
    async run(...options) {
      const told = await output(['run', file, ...log, '--once', '--json', '--quiet', '--olap-store', 'none', ...options]);
      return (JSON.parse(told) as { events: { accepted: number; invalid: number } }).events;
    },
  };
}
