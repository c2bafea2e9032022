/** The repository's ad-tech pipeline under a name of its own, so that several share a broker. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './tocsin.ts';

export interface OwnPipeline {
  readonly file: string;
  readonly name: string;
  /** Its raw topic. */
  readonly topic: string;
}

/** `edit`: further changes to the file. */
export function ownPipeline(dir: string, partitions: number, edit = (text: string): string => text): OwnPipeline {
  const name = `ad${randomBytes(4).toString('hex')}`;
  const topic = `${name}-events`;
  const text = readFileSync(path.join(ROOT, 'pipelines/adtech.yml'), 'utf8');
  const own = text
    .replace(/^pipeline: .*$/m, `pipeline: ${name}`)
    .replace(/topic: ad-events\b/, `topic: ${topic}, partitions: ${partitions}`)
    .replace(/alerts: alerts\b/, `alerts: ${name}.alerts`);
  copyFileSync(path.join(ROOT, 'pipelines/ad-event.v1.json'), path.join(dir, 'ad-event.v1.json'));
  const file = path.join(dir, 'own.yml');
  writeFileSync(file, edit(own));
  return { file, name, topic };
}
