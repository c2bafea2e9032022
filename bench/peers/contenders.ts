/** Who takes part: how each is started on a topic, and how its result comes into a file. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { prepareJava, type JavaSet } from './java-peers.ts';
import type { Command } from './measured-run.ts';

export interface Run {
  readonly broker: string;
  readonly topic: string;
  readonly events: number;
  /** A folder of this run alone. */
  readonly dir: string;
  /** Where the result goes. */
  readonly file: string;
}

export interface Contender {
  readonly name: string;
  /** What has to be there first; `dir`: a folder for all its runs. @throws ServiceMissing where it cannot take part */
  readonly prepare?: (dir: string) => Promise<void>;
  readonly command: (run: Run) => Command;
  /** After the run, not measured: writes the result where the process has not done so itself. */
  readonly finish?: (run: Run, stdout: string) => Promise<void>;
}

/** As `tocsin windows --json` prints it: labels and measures by their names. */
interface ShownRow {
  readonly window_start: string;
  readonly [name: string]: string | number;
}

const ROOT = path.resolve(import.meta.dirname, '../..');
const TOCSIN = path.join(ROOT, 'bin/tocsin');
const NODE = path.join(ROOT, 'node_modules/.bin/node');

export function plainNode(kind: 'ads' | 'ysb', table?: string): Contender {
  return {
    name: 'plain Node consumer',
    command: ({ broker, topic, events, file }) => ({
      program: NODE,
      args: [
        '--disable-warning=ExperimentalWarning',
        new URL('./plain-node.ts', import.meta.url).pathname,
        kind,
        broker,
        topic,
        String(events),
        file,
        ...(table === undefined ? [] : [table]),
      ],
    }),
  };
}

/** The command line as people run it. `line`: of a row, as the others write it. */
export function tocsin(name: string, pipelineFile: string, line: (row: ShownRow) => string, folder = import.meta.dirname): Contender {
  const names = (run: Run): { pipeline: string; log: string[] } => ({
    // State lies in the broker: each run is a pipeline of its own.
    pipeline: `${path.basename(pipelineFile, '.yml')}-${path.basename(run.dir)}-${process.pid}`,
    log: ['--log', `kafka://${run.broker}`, '--data', path.join(run.dir, 'data')],
  });
  return {
    name,
    command: (run) => {
      const text = readFileSync(path.join(import.meta.dirname, pipelineFile), 'utf8')
        .replace(/^pipeline: .*$/m, `pipeline: ${names(run).pipeline}`)
        .replace(/topic: [\w-]+/, `topic: ${run.topic}`)
        .replaceAll(/(schema|file): (\.[^,} ]+)/g, (_all, key: string, file: string) => `${key}: ${path.resolve(folder, file)}`);
      const file = path.join(run.dir, 'pipeline.yml');
      writeFileSync(file, text);
      return { program: TOCSIN, args: ['run', file, ...names(run).log, '--olap-store', 'none', '--once', '--json', '--quiet'] };
    },
    async finish(run, stdout) {
      const { events } = JSON.parse(stdout) as { events: { read: number } };
      if (events.read !== run.events) throw new Error(`${name} read ${events.read} records of ${run.events}`);
      const { pipeline, log } = names(run);
      const args = ['windows', ...log, '--pipeline', pipeline, '--json'];
      const found = await promisify(execFile)(TOCSIN, args, { maxBuffer: 1 << 30 });
      const rows = found.stdout.split('\n').filter(Boolean);
      writeFileSync(run.file, rows.map((row) => line(JSON.parse(row) as ShownRow)).join(''));
    },
  };
}

export function adLine({ window_start, country, ad_format, impressions, clicks, revenue }: ShownRow): string {
  return `${Date.parse(window_start)}\t${country}\t${ad_format}\t${impressions}\t${clicks}\t${revenue}\n`;
}

export function ysbLine({ window_start, campaign, views }: ShownRow): string {
  return `${Date.parse(window_start)}\t${campaign}\t${views}\n`;
}

function java(name: string, set: JavaSet, program: string, more: (run: Run) => string[] = () => []): Contender {
  let run: Awaited<ReturnType<typeof prepareJava>> | undefined;
  return {
    name,
    async prepare(dir) {
      mkdirSync(dir, { recursive: true });
      run = await prepareJava(set, dir);
    },
    command: (each) => run!(program, [each.broker, each.topic, String(each.events), each.file, ...more(each)]),
  };
}

export const adContenders: readonly Contender[] = [
  plainNode('ads'),
  tocsin('Tocsin, like for like', 'like-for-like.yml', adLine),
  tocsin('Tocsin, all fields checked, dedup', 'validated.yml', adLine),
  java('plain Java consumer', 'kafka', 'PlainConsumer'),
  java('Kafka Streams', 'kafka', 'StreamsJob', ({ dir }) => [path.join(dir, 'state')]),
  java('Flink SQL', 'flink', 'FlinkSqlJob'),
  java('Flink DataStream', 'flink', 'FlinkStreamJob', () => ['plain']),
  java('Flink DataStream, combined by hand', 'flink', 'FlinkStreamJob', () => ['combined']),
];
