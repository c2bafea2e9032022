/** All commands with their options, help and examples. What a command does is loaded when it is called: `--help` starts fast. */
import { readFileSync } from 'node:fs';
import { Command, Help, Option } from 'commander';
import { systemClock } from '../core/clock.ts';
import { countArgument, durationArgument, factorArgument, fromArgument, positiveArgument, timeArgument } from './arguments.ts';
import type { Terminal } from './terminal.ts';

const DATA_DIR = '.tocsin';

/** `exit`: told the exit code of the command that ran. */
export function createProgram(terminal: Terminal, exit: (code: number) => void): Command {
  const program = new Command('tocsin')
    .description('Turns event streams into windowed KPIs, watches every segment, and rings the right bell.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({
      // That a switch is off unless it is given need not be said.
      optionDescription(option) {
        return option.defaultValue === false ? option.description : Help.prototype.optionDescription.call(this, option);
      },
    })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tocsin: ')) })
    .exitOverride();
  addRun(program, terminal, exit);
  addCheck(program, terminal, exit);
  addIngest(program, terminal, exit);
  addWindows(program, terminal, exit);
  addAlerts(program, terminal, exit);
  addExperiment(program, terminal, exit);
  addDeadLetters(program, terminal, exit);
  addLog(program, terminal, exit);
  addStatus(program, terminal, exit);
  addReceivers(program, terminal, exit);
  addSimulate(program, terminal, exit);
  addDetect(program, terminal, exit);
  addBacktest(program, terminal, exit);
  addDemo(program, terminal, exit);
  program.addHelpText('after', '\nExit codes: 0 done; 1 done, and the answer is no; 2 it could not be done, with a line that says why.');
  return program;
}

type Add = (program: Command, terminal: Terminal, exit: (code: number) => void) => void;

const addRun: Add = (program, terminal, exit) => {
  command(program, 'run <files...>', 'run pipelines until Ctrl-C, or read an input to its end with --once', [
    'tocsin run pipelines/access-log.yml                                    # reads what comes into its topic',
    'tocsin run pipelines/access-log.yml --input access.log.gz --once       # an input to its end, by event time',
    'zcat *.gz | tocsin run my.yml --input - --once --json                  # one JSON line at the end',
    'tocsin run my.yml --from earliest                                      # the file changed: everything anew',
    'TOCSIN_API_KEY=… tocsin run my.yml --listen 0.0.0.0:8000               # for other machines too',
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
    .option('--olap-store <store>', 'embedded, none, or the address of a ClickHouse server', 'embedded')
    .option('--listen <host:port>', 'where dashboard and HTTP API are, or none; --once opens none', '127.0.0.1:8000')
    .addOption(new Option('--api-key <key>', 'what who asks has to show; needed beyond this machine').env('TOCSIN_API_KEY'))
    .option('--quiet', 'no progress', false)
    .addOption(new Option('--for <duration>', 'end after so long, for example 60s').argParser(durationArgument))
    .addOption(new Option('--batch-records <n>').argParser(positiveArgument).hideHelp())
    .addOption(new Option('--commit-every-ms <ms>').argParser(countArgument).hideHelp())
    .action(async (files, options) => exit(await (await import('./run.ts')).runCommand(files, options, terminal)));
};

const addCheck: Add = (program, terminal, exit) => {
  command(program, 'check <files...>', 'check pipeline files without running them', [
    'tocsin check pipelines/*.yml',
    'tocsin check my.yml --json',
  ])
    .option('--json', 'one JSON object a file', false)
    .action(async (files, options) => exit(await (await import('./check.ts')).checkCommand(files, options, terminal)));
};

const addIngest: Add = (program, terminal, exit) => {
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
    .option('--follow', 'wait for more at the end of the file', false)
    .addOption(dataOption())
    .option('--json', 'end with one JSON object on standard output', false)
    .option('--quiet', 'no progress', false)
    .action(async (file, options) => exit(await (await import('./ingest.ts')).ingestCommand(file, options, terminal)));
};

const addWindows: Add = (program, terminal, exit) => {
  const time = timeArgument(systemClock.now);
  command(program, 'windows', 'print the windows: a row for each window and segment', [
    'tocsin windows --window 5m --from 2h',
    'tocsin windows --from 2026-03-02T09:00:00Z --to 2026-03-02T10:00:00Z',
    "tocsin windows --json | jq 'select(.corrections > 0)'",
  ])
    .addOption(pipelineOption())
    .option('--window <window>', 'only of this size, as in the pipeline file: 1m')
    .addOption(new Option('--from <time>', 'windows that start at this time or later').argParser(time))
    .addOption(new Option('--to <time>', 'windows that start before this time').argParser(time))
    .option('--olap-store <store>', 'where rows are that the log keeps no more; default: as the pipeline was run')
    .addOption(dataOption())
    .option('--json', 'one JSON object a row', false)
    .action(async (options) => exit(await (await import('./windows.ts')).windowsCommand(options, terminal)));
};

const addAlerts: Add = (program, terminal, exit) => {
  const time = timeArgument(systemClock.now);
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
    .addOption(dataOption())
    .option('--json', 'one JSON object an alert', false)
    .action(async (options) => exit(await (await import('./alerts.ts')).alertsCommand(options, terminal)));
};

const addExperiment: Add = (program, terminal, exit) => {
  const time = timeArgument(systemClock.now);
  command(
    program,
    'experiment',
    'compare the variants of a dimension, as often as you like: who is better, and since when that is decided',
    [
      'tocsin experiment --measure ctr --of banner --control old',
      'tocsin experiment --measure ctr --of ad_format --control banner --from 24h --json',
    ],
  )
    .requiredOption('--measure <ratio>', 'a ratio of successes and attempts')
    .requiredOption('--of <dimension>', 'whose values are the variants')
    .requiredOption('--control <value>', 'the variant that the others are compared with')
    .option('--error <percent>', 'how often the intervals may ever miss the truth, all variants together', '5%')
    .addOption(pipelineOption())
    .addOption(new Option('--from <time>', 'windows that start at this time or later').argParser(time))
    .addOption(new Option('--to <time>', 'windows that start before this time').argParser(time))
    .addOption(dataOption())
    .option('--json', 'one JSON object a variant', false)
    .action(async (options) => exit(await (await import('./experiment.ts')).experimentCommand(options, terminal)));
};

const addDeadLetters: Add = (program, terminal, exit) => {
  const dlq = program.command('dlq').description('the dead letters: late and invalid records, whole, with the reason').helpCommand(false);
  command(dlq, 'list', 'a line for each dead letter', ['tocsin dlq list --reason late', 'tocsin dlq list --reason missing --max 20 --json'])
    .addOption(pipelineOption())
    .option('--reason <reason>', 'late, bad_json, missing:country …; missing alone means every missing field')
    .option('--topic <topic>', 'only of this raw topic')
    .addOption(new Option('--max <n>', 'at most so many').argParser(positiveArgument))
    .addOption(dataOption())
    .option('--json', 'one JSON object a dead letter', false)
    .action(async (options) => exit(await (await import('./dead-letters.ts')).listCommand(options, terminal)));
  command(dlq, 'show <origin>', 'one dead letter, whole', ['tocsin dlq show ad-events/0/4711'])
    .addOption(pipelineOption())
    .addOption(dataOption())
    .option('--json', 'as JSON', false)
    .action(async (origin, options) => exit(await (await import('./dead-letters.ts')).showCommand(origin, options, terminal)));
  command(dlq, 'replay [origins...]', 'send dead letters in again; each is judged anew, once', [
    'tocsin dlq replay --reason late',
    'tocsin dlq replay ad-events/0/4711 ad-events/0/4712',
    'tocsin dlq replay --all',
  ])
    .addOption(pipelineOption())
    .option('--reason <reason>', 'those with this reason')
    .option('--all', 'all of them', false)
    .option('--again', 'also those that were judged already (it changes nothing)', false)
    .addOption(dataOption())
    .option('--json', 'print one JSON object', false)
    .action(async (origins, options) => exit(await (await import('./dead-letters.ts')).replayCommand(origins, options, terminal)));
};

const addLog: Add = (program, terminal, exit) => {
  const log = program.command('log').description('the log: topics and their records').helpCommand(false);
  command(log, 'list', 'topics, with a line for each partition', ['tocsin log list'])
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
    .addOption(dataOption())
    .option('--json', 'one JSON object a record: partition, offset, append_time, key, value', false)
    .action(async (topic, options) => exit(await (await import('./log.ts')).tailCommand(topic, options, terminal)));
};

const addStatus: Add = (program, terminal, exit) => {
  command(program, 'status', 'what runs, how far it is, and what became of the records', [
    'tocsin status',
    'tocsin status --json | jq .pipelines[0].events',
  ])
    .addOption(dataOption())
    .option('--json', 'one JSON object', false)
    .action(async (options) => exit(await (await import('./status.ts')).statusCommand(options, terminal)));
};

const addReceivers: Add = (program, terminal, exit) => {
  const receivers = program.command('receivers').description('who is told of alerts').helpCommand(false);
  command(receivers, 'list <file>', 'the receivers of a pipeline file, and what could not be sent to them', [
    'tocsin receivers list pipelines/demo.yml',
  ])
    .addOption(dataOption())
    .option('--json', 'one JSON object a receiver', false)
    .action(async (file, options) => exit(await (await import('./receivers.ts')).listCommand(file, options, terminal)));
  command(receivers, 'test <name>', 'send a sample alert to a receiver, once', [
    'tocsin receivers test slack --pipeline pipelines/demo.yml',
    'tocsin receivers test slack                      # of the pipeline that ran on .tocsin',
  ])
    .option('--pipeline <file>', 'the pipeline file; default: that of the pipeline that ran on the data directory')
    .addOption(dataOption())
    .option('--json', 'print one JSON object', false)
    .action(async (name, options) => exit(await (await import('./receivers.ts')).testCommand(name, options, terminal)));
};

const addSimulate: Add = (program, terminal, exit) => {
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

const addBacktest: Add = (program, terminal, exit) => {
  const time = timeArgument(systemClock.now);
  command(program, 'backtest <file>', 'what a pipeline would have rung over history; nobody is told, nothing is written', [
    'tocsin backtest my.yml --from 30d',
    'tocsin backtest my.yml --from 2026-03-01 --to 2026-04-01 --set detect.ctr.down=40% --compare',
    'tocsin backtest my.yml --incidents known.yml               # precision, recall, delay',
    'tocsin backtest my.yml --input events.ndjson.gz --json     # events, or lines of tocsin windows --json',
  ])
    .addOption(new Option('--from <time>', 'windows that start at this time or later').argParser(time))
    .addOption(new Option('--to <time>', 'windows that start before this time').argParser(time))
    .option('--warm-up <duration>', 'what to learn from before --from (default: 7d)')
    .addOption(
      new Option('--set <path=value>', 'a change to the file, such as detect.ctr.down=40%; again for more')
        .default([], 'none')
        .argParser((value: string, before: readonly string[]) => [...before, value]),
    )
    .option('--compare', 'also the file as it is, side by side', false)
    .option('--incidents <file>', 'what is known to have happened: YAML or CSV with start, end, labels, measure')
    .option('--grace <duration>', "an alert up to so long after an incident's end still counts for it", '0s')
    .option('--input <path>', 'a file of events, or of window rows, instead of the data directory; - is standard input')
    .addOption(new Option('--history <place>', 'where in the data directory').choices(['olap', 'log']))
    .option('--olap-store <store>', 'embedded, or the address of a ClickHouse server; default: as the pipeline was run')
    .addOption(dataOption())
    .option('--json', 'one JSON object', false)
    .action(async (file, options) => exit(await (await import('./backtest.ts')).backtestCommand(file, options, terminal)));
};

const addDemo: Add = (program, terminal, exit) => {
  command(program, 'demo', 'generated ad events through the whole engine: live windows and the first alert', [
    'tocsin demo',
    'tocsin demo --for 60s --no-open',
    'SLACK_WEBHOOK_URL=https://hooks.slack.com/services/… tocsin demo    # rings in Slack too',
  ])
    .addOption(new Option('--for <duration>', 'end so long after the backfill').argParser(durationArgument))
    .option('--listen <host:port>', 'where the dashboard is, or none; default: 127.0.0.1:8000, or another port where that is taken')
    .option('--no-open', 'do not open the dashboard in the browser')
    .option('--data <dir>', 'keep the data in this directory; default: a temporary one')
    .option('--json', 'end with one JSON object on standard output', false)
    .action(async (options) => exit(await (await import('./demo.ts')).demoCommand(options, terminal)));
};

const addDetect: Add = (program, terminal, exit) => {
  command(program, 'detect', 'find what is unusual in series of your own: CSV files, one series each', [
    'tocsin detect --series requests.csv --time minute --value count',
    'tocsin detect --series latency.csv.gz --plot chart.html    # charts, for a browser',
    'tocsin detect --series *.csv --false-alarms-per-week 0.1',
    'tocsin detect --series a.csv.gz b.csv.gz --format kpi --json  # path,timestamp,score; an alarm from 0.5 on',
  ])
    .requiredOption('--series <files...>', 'CSV with a header, one point a line; gzip and zstd are recognised')
    .addOption(
      new Option('--format <format>', 'kpi: Unix seconds; nab: times as text; both with the columns timestamp and value')
        .choices(['csv', 'kpi', 'nab'])
        .default('csv'),
    )
    .option('--time <column>', 'the column that holds the time (default: the first)')
    .option('--value <column>', 'the column that holds the value (default: the second)')
    .addOption(new Option('--false-alarms-per-week <n>', 'what you put up with, for each series').argParser(factorArgument).default(1))
    .option('--plot <file>', 'write charts into this HTML file')
    .option('--json', 'print CSV: path,timestamp,score for every point; an alarm is a score of 0.5 or more', false)
    .action(async (options) => exit(await (await import('./detect.ts')).detectCommand(options, terminal)));
};

function command(parent: Command, usage: string, summary: string, examples: readonly string[]): Command {
  const text = `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`;
  return parent
    .command(usage)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .summary(summary)
    .addHelpText('after', text);
}

function dataOption(): Option {
  return new Option('--data <dir>', 'the data directory').default(DATA_DIR);
}

function pipelineOption(): Option {
  return new Option('--pipeline <name>', 'which pipeline, where the data directory holds several');
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
