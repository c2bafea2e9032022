/** The commands that run pipelines, feed them or make events for them: their options, help and examples. */
import { Option } from 'commander';
import { systemClock } from '../core/clock.ts';
import { parseRoles, ROLES } from '../app/roles/roles.ts';
import {
  countArgument,
  durationArgument,
  factorArgument,
  fromArgument,
  instanceArgument,
  megabytesArgument,
  positiveArgument,
  timeArgument,
} from './arguments.ts';
import { command, dataOption, logOption, pageUrlOption, pipelineOption, type Add } from './command.ts';
import { positionArgument, replayFromArgument } from './position-argument.ts';

export const addRun: Add = (program, terminal, exit) => {
  command(program, 'run <files...>', 'run pipelines until Ctrl-C, or read an input to its end with --once', [
    'tocsin run pipelines/access-log.yml                                    # reads what comes into its topic',
    'tocsin run pipelines/access-log.yml --input access.log.gz --once       # an input to its end, by event time',
    'zcat *.gz | tocsin run my.yml --input - --once --json                  # one JSON line at the end',
    'tocsin run my.yml --from earliest                                      # the file changed: everything anew',
    'TOCSIN_API_KEY=… tocsin run my.yml --listen 0.0.0.0:8000               # for other machines too',
    'tocsin run my.yml --log kafka://k1:9092,k2:9092 --hot-store redis://r:6379  # start it on as many machines as it takes',
  ])
    .option('--input <path>', 'read the lines of this file; - is standard input')
    .option('--once', 'read to the end of the input (else of the log), flush the open windows, stop', false)
    .addOption(dataOption())
    .option('--json', 'end with one JSON object on standard output', false)
    .option('--outcomes <path>', 'write the outcome of each input line as NDJSON')
    .addOption(new Option('--clock <clock>', 'time that tells delays: append times, or event time alone').choices(['append', 'event']))
    .addOption(new Option('--new-revision', 'accept that the file now gives other windows; go on from here').conflicts('from'))
    .addOption(new Option('--from <time>', 'read again from earliest, latest or a time').argParser(fromArgument(systemClock.now)))
    .option('--notify', 'with --once: also tell receivers beyond the console', false)
    .addOption(logOption())
    .addOption(new Option('--hot-store <store>', 'memory, or the address of Redis').env('TOCSIN_HOT_STORE'))
    .addOption(
      new Option('--olap-store <store>', 'embedded, none, or the address of a ClickHouse server')
        .env('TOCSIN_OLAP_STORE')
        .default('embedded'),
    )
    .addOption(
      new Option('--roles <roles>', `with --log: what this process does, of ${ROLES.join(',')}; default: all`)
        .argParser(parseRoles)
        .env('TOCSIN_ROLES'),
    )
    .addOption(
      new Option(
        '--instance-id <name>',
        'with --log: a name of this process that a restart keeps; who is back within its session loses nothing',
      )
        .argParser(instanceArgument)
        .env('TOCSIN_INSTANCE_ID'),
    )
    .addOption(
      new Option(
        '--session-ms <ms>',
        'with --log: who gives no sign of life for so long is taken for dead; default: 10000, with --once 6000',
      )
        .argParser(positiveArgument)
        .env('TOCSIN_SESSION_MS'),
    )
    .option('--listen <host:port>', 'where dashboard and HTTP API are, or none; --once opens none', '127.0.0.1:8000')
    .addOption(new Option('--api-key <key>', 'what who asks has to show; needed beyond this machine').env('TOCSIN_API_KEY'))
    .addOption(pageUrlOption())
    .addOption(
      new Option('--threads <n>', 'threads that count, side by side; 1: none beside the main one; default: by load, up to the cores')
        .argParser(positiveArgument)
        .env('TOCSIN_THREADS'),
    )
    .addOption(
      new Option('--thread-memory <size>', 'JavaScript heap of each, for example 512MB; default: half of the memory, shared by all threads')
        .argParser(megabytesArgument)
        .env('TOCSIN_THREAD_MEMORY'),
    )
    .option('--quiet', 'no progress', false)
    .addOption(new Option('--for <duration>', 'end after so long, for example 60s').argParser(durationArgument))
    .addOption(new Option('--batch-records <n>').argParser(positiveArgument).hideHelp())
    .addOption(new Option('--commit-every-ms <ms>').argParser(countArgument).hideHelp())
    .action(async (files, options) => exit(await (await import('./run.ts')).runCommand(files, options, terminal)));
};

export const addCheck: Add = (program, terminal, exit) => {
  command(program, 'check <files...>', 'check pipeline files without running them', [
    'tocsin check pipelines/*.yml',
    'tocsin check my.yml --json',
  ])
    .option('--json', 'one JSON object a file', false)
    .action(async (files, options) => exit(await (await import('./check.ts')).checkCommand(files, options, terminal)));
};

export const addIngest: Add = (program, terminal, exit) => {
  command(program, 'ingest <file>', 'append the lines of a file, or of standard input (-), to a topic of the log', [
    'tocsin ingest access.log.gz --topic access-log         # gzip and zstd are recognised',
    'tail -F access.log | tocsin ingest - --topic access-log',
    'tocsin ingest events.ndjson --topic ad-events          # again later: only what is new in the file',
    'tocsin ingest old.ndjson --topic replay --partitions 1 # makes the topic',
  ])
    .requiredOption('--topic <topic>', 'where to')
    .addOption(new Option('--partition <n>', 'partition of the topic').argParser(countArgument).default(0))
    .addOption(new Option('--partitions <n>', 'make the topic with so many, if it is not there').argParser(positiveArgument))
    .option('--again', 'all of the file, also what an earlier ingest has read', false)
    .option('--follow', 'wait for more at the end of the file, and go on with the new one when it is rotated', false)
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'end with one JSON object on standard output', false)
    .option('--quiet', 'no progress', false)
    .action(async (file, options) => exit(await (await import('./ingest.ts')).ingestCommand(file, options, terminal)));
};

export const addReplay: Add = (program, terminal, exit) => {
  const position = positionArgument(systemClock.now);
  command(program, 'replay <file>', 'compute the windows of a pipeline again from the records in the log, as after a new measure', [
    'tocsin replay my.yml --from earliest',
    'tocsin replay my.yml --from 2d --yes                # what arrived in the last two days',
    'tocsin replay my.yml --from 120000 --to 180000      # by offset, of each partition',
  ])
    .addOption(
      new Option('--from <position>', 'earliest, an offset, or a time of arrival')
        .argParser(replayFromArgument(systemClock.now))
        .makeOptionMandatory(),
    )
    .addOption(new Option('--to <position>', 'an offset or a time of arrival, not included; default: the end').argParser(position))
    .addOption(new Option('--clock <clock>', 'time that tells delays; default: as the pipeline was last run').choices(['append', 'event']))
    .option('--yes', 'ask nothing', false)
    .addOption(dataOption())
    .addOption(logOption())
    .addOption(new Option('--hot-store <store>', 'memory, or the address of Redis').env('TOCSIN_HOT_STORE'))
    .addOption(
      new Option('--olap-store <store>', 'embedded, none, or the address of a ClickHouse server; default: as the pipeline was run').env(
        'TOCSIN_OLAP_STORE',
      ),
    )
    .option('--json', 'end with one JSON object on standard output', false)
    .action(async (file, options) => exit(await (await import('./replay.ts')).replayCommand(file, options, terminal)));
};

export const addSimulate: Add = (program, terminal, exit) => {
  command(program, 'simulate', 'break a segment of a running Tocsin, and watch it ring', [
    'tocsin simulate                                             # a menu',
    'tocsin simulate ctr-drop --segment US/banner --strength 0.4 --for 60s --yes',
    'tocsin simulate all --data /tmp/tocsin-demo-x --yes',
  ])
    .addArgument(
      program.createArgument('[scenario]', 'what breaks').choices(['ctr-drop', 'ctr-spike', 'traffic-spike', 'revenue-drop', 'all']),
    )
    .addOption(pipelineOption())
    .option('--topic <topic>', 'the raw topic, where the pipeline has several')
    .option('--segment <country/format>', 'the segment that breaks: US/banner')
    .addOption(new Option('--strength <factor>', 'what the value is multiplied by: 0.4 is a drop by 60 %').argParser(factorArgument))
    .addOption(new Option('--for <duration>', 'how long it stays broken').argParser(durationArgument))
    .option('--yes', 'ask nothing', false)
    .addOption(dataOption())
    .option('--json', 'end with one JSON object on standard output', false)
    .action(async (scenario, options) => exit(await (await import('./simulate.ts')).simulateCommand(scenario, options, terminal)));
};

export const addDemo: Add = (program, terminal, exit) => {
  command(program, 'demo', 'generated ad events through the whole engine: live windows and the first alert', [
    'tocsin demo',
    'tocsin demo --for 60s --no-open',
    'SLACK_WEBHOOK_URL=https://hooks.slack.com/services/… tocsin demo    # rings in Slack too',
  ])
    .addOption(new Option('--for <duration>', 'end so long after the backfill').argParser(durationArgument))
    .option('--listen <host:port>', 'where the dashboard is, or none; default: 127.0.0.1:8000, or another port where that is taken')
    .addOption(new Option('--api-key <key>', 'what who asks has to show; needed beyond this machine').env('TOCSIN_API_KEY'))
    .option('--no-open', 'do not open the dashboard in the browser')
    .addOption(
      new Option('--locale <locale>', "language of what it says and of its alerts; default: the terminal's").choices(['en', 'ko'] as const),
    )
    .option('--data <dir>', 'keep the data in this directory; default: a temporary one')
    .option('--json', 'end with one JSON object on standard output', false)
    .action(async (options) => exit(await (await import('./demo.ts')).demoCommand(options, terminal)));
};

export const addGenerate: Add = (program, terminal, exit) => {
  const generate = program.command('generate').description('made-up events, and what must become of them').helpCommand(false);
  command(generate, 'commerce', "a shop's clicks and orders as NDJSON files, for pipelines/commerce.yml", [
    'tocsin generate commerce --out shop --for 10m',
    'tocsin ingest shop/clicks.ndjson --topic clickstream --partitions 1',
    'jq .streams.orders.outcomes shop/summary.json',
  ])
    .requiredOption('--out <dir>', 'folder for clicks.ndjson, orders.ndjson and summary.json')
    .addOption(new Option('--for <duration>', 'so long, in event time').argParser(durationArgument).default(600_000, '10m'))
    .addOption(
      new Option('--start <time>', 'when the first event arrives')
        .argParser(timeArgument(systemClock.now))
        .default(Date.UTC(2026, 2, 2, 9), '2026-03-02T09:00:00Z'),
    )
    .addOption(new Option('--rate <n>', 'sessions that begin in a second').argParser(factorArgument).default(10))
    .addOption(new Option('--seed <n>', 'the same seed gives the same events').argParser(countArgument).default(1))
    .option('--json', 'print the summary as one JSON object', false)
    .action(async (options) => exit(await (await import('./generate.ts')).generateCommerceCommand(options, terminal)));
};
