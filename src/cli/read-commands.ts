/** The commands that show what is stored, and act on it: their options, help and examples. */
import { Option } from 'commander';
import { systemClock } from '../core/clock.ts';
import { askedTimeArgument, countArgument, positiveArgument } from './arguments.ts';
import { command, dataOption, group, logOption, pageUrlOption, pipelineOption, type Add } from './command.ts';

export const addWindows: Add = (program, terminal, exit) => {
  const time = askedTimeArgument(systemClock.now);
  command(program, 'windows', 'print the windows: a row for each window and segment', [
    'tocsin windows --window 5m --from 2h',
    'tocsin windows --from 2026-03-02T09:00:00Z --to 2026-03-02T10:00:00Z',
    "tocsin windows --from '2026-03-02 18:00'                  # as the table prints it, by the pipeline's time_zone",
    "tocsin windows --json | jq 'select(.corrections > 0)'",
    'tocsin windows --log kafka://k1:9092 --olap-store http://tocsin@clickhouse:8123/tocsin --from 30d',
  ])
    .addOption(pipelineOption())
    .option('--window <window>', 'only of this size, as in the pipeline file: 1m')
    .addOption(new Option('--from <time>', 'windows that start at this time or later').argParser(time))
    .addOption(new Option('--to <time>', 'windows that start before this time').argParser(time))
    .addOption(logOption())
    .addOption(new Option('--hot-store <store>', 'as of run; the log has all of its final rows, so it is not read').env('TOCSIN_HOT_STORE'))
    .addOption(
      new Option('--olap-store <store>', 'where rows are that the log keeps no more; default: as the pipeline was run').env(
        'TOCSIN_OLAP_STORE',
      ),
    )
    .addOption(dataOption())
    .option('--json', 'one JSON object a row', false)
    .action(async (options) => exit(await (await import('./windows.ts')).windowsCommand(options, terminal)));
};

export const addAlerts: Add = (program, terminal, exit) => {
  const time = askedTimeArgument(systemClock.now);
  command(program, 'alerts', 'print the alerts, in the order in which they rang', [
    'tocsin alerts --from 24h',
    'tocsin alerts --status firing --json',
    'tocsin alerts --records --json        # every record of the alerts topic: repeats and ends too',
  ])
    .addOption(pipelineOption())
    .addOption(new Option('--from <time>', 'that rang at this time or later').argParser(time))
    .addOption(new Option('--to <time>', 'that rang before this time').argParser(time))
    .addOption(new Option('--status <status>', 'only these').choices(['firing', 'resolved']))
    .option('--records', 'every record instead of one row an alert', false)
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object an alert', false)
    .action(async (options) => exit(await (await import('./alerts.ts')).alertsCommand(options, terminal)));
};

export const addDeadLetters: Add = (program, terminal, exit) => {
  const dlq = group(program, 'dlq', 'the dead letters: late and invalid records, whole, with the reason', [
    'tocsin dlq list --reason late',
    'tocsin dlq show ad-events/0/4711',
    'tocsin dlq replay --reason late',
  ]);
  command(dlq, 'list', 'a line for each dead letter', ['tocsin dlq list --reason late', 'tocsin dlq list --reason missing --max 20 --json'])
    .addOption(pipelineOption())
    .option('--reason <reason>', 'late, bad_json, missing:country …; missing alone means every missing field')
    .option('--topic <topic>', 'only of this raw topic')
    .addOption(new Option('--max <n>', 'at most so many').argParser(positiveArgument))
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object a dead letter', false)
    .action(async (options) => exit(await (await import('./dead-letters.ts')).listCommand(options, terminal)));
  command(dlq, 'show <origin>', 'one dead letter, whole', ['tocsin dlq show ad-events/0/4711'])
    .addOption(pipelineOption())
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'as JSON', false)
    .action(async (origin, options) => exit(await (await import('./dead-letters.ts')).showCommand(origin, options, terminal)));
  command(dlq, 'replay [origins...]', 'send dead letters in again; each is judged anew, once', [
    'tocsin dlq replay --reason late',
    'tocsin dlq replay --reason schema_version --schema v2    # after v2 has come to the pipeline file',
    'tocsin dlq replay ad-events/0/4711 ad-events/0/4712',
    'tocsin dlq replay --all',
  ])
    .addOption(pipelineOption())
    .option('--reason <reason>', 'those with this reason')
    .option('--topic <topic>', 'only of this raw topic')
    .option('--schema <version>', 'judge them by this version of their schema, whichever they name')
    .option('--all', 'all of them', false)
    .option('--again', 'also those that were judged already (it changes nothing)', false)
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'print one JSON object', false)
    .action(async (origins, options) => exit(await (await import('./dead-letters.ts')).replayCommand(origins, options, terminal)));
};

export const addLog: Add = (program, terminal, exit) => {
  const log = group(program, 'log', 'the log: topics and their records', [
    'tocsin log list',
    'tocsin log tail adtech.alerts --follow --json',
  ]);
  command(log, 'list', 'topics, with a line for each partition', ['tocsin log list'])
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object a partition', false)
    .action(async (options) => exit(await (await import('./log.ts')).listCommand(options, terminal)));
  command(log, 'tail <topic>', 'print records, one a line: the last 10, or from the beginning', [
    'tocsin log tail access-log',
    'tocsin log tail adtech.windows --from-beginning --max 100',
    'tocsin log tail adtech.alerts --follow --json',
  ])
    .option('--from-beginning', 'from the first record that is there', false)
    .addOption(new Option('--max <n>', 'at most so many').argParser(positiveArgument))
    .addOption(new Option('--partition <n>', 'only this partition').argParser(countArgument))
    .option('--follow', 'wait for more', false)
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object a record: partition, offset, append_time, key, value', false)
    .action(async (topic, options) => exit(await (await import('./log.ts')).tailCommand(topic, options, terminal)));
};

export const addStatus: Add = (program, terminal, exit) => {
  command(program, 'status', 'what runs, how far it is, and what became of the records', [
    'tocsin status',
    'tocsin status --json | jq .pipelines[0].events',
    'tocsin status --log kafka://k1:9092 --pipeline adtech',
  ])
    .addOption(pipelineOption())
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object', false)
    .action(async (options) => exit(await (await import('./status.ts')).statusCommand(options, terminal)));
};

export const addReceivers: Add = (program, terminal, exit) => {
  const receivers = group(program, 'receivers', 'who is told of alerts', [
    'tocsin receivers list pipelines/demo.yml',
    'tocsin receivers test slack --pipeline pipelines/demo.yml',
  ]);
  command(receivers, 'list <file>', 'the receivers of a pipeline file, and what could not be sent to them', [
    'tocsin receivers list pipelines/demo.yml',
  ])
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object a receiver', false)
    .action(async (file, options) => exit(await (await import('./receivers.ts')).listCommand(file, options, terminal)));
  command(receivers, 'test <name>', 'send a sample alert to a receiver, once', [
    'tocsin receivers test slack --pipeline pipelines/demo.yml',
    'tocsin receivers test slack                      # of the pipeline that ran on .tocsin',
  ])
    .option('--pipeline <file>', 'the pipeline file; default: that of the pipeline that ran on the data directory')
    .addOption(pageUrlOption())
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'print one JSON object', false)
    .action(async (name, options) => exit(await (await import('./receivers.ts')).testCommand(name, options, terminal)));
};
