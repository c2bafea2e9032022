/** The commands that judge what has been: a pipeline over its history, series from files, variants of an experiment. */
import { Option } from 'commander';
import { DECIMAL_MARKS } from '../app/detect/number-text.ts';
import { TIME_FORMATS } from '../app/detect/series-format.ts';
import { systemClock } from '../core/clock.ts';
import { factorArgument, askedTimeArgument } from './arguments.ts';
import { command, dataOption, logOption, pipelineOption, type Add } from './command.ts';

export const addBacktest: Add = (program, terminal, exit) => {
  const time = askedTimeArgument(systemClock.now);
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
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object', false)
    .action(async (file, options) => exit(await (await import('./backtest.ts')).backtestCommand(file, options, terminal)));
};

export const addDetect: Add = (program, terminal, exit) => {
  command(program, 'detect [files...]', 'find what is unusual in series of your own: CSV files, one series each', [
    'tocsin detect requests.csv --time minute --value count',
    'tocsin detect latency.csv.gz --plot chart.html    # charts, for a browser',
    'tocsin detect *.csv --false-alarms-per-week 0.1',
    'tocsin detect --series a.csv.gz b.csv.gz --format kpi --json  # path,timestamp,score; an alarm from 0.5 on',
  ])
    .option('--series <files...>', 'the same as files: CSV, one point a line; gzip and zstd are recognised, - is standard input')
    .addOption(
      new Option('--format <format>', 'csv: --time and --value name the columns; kpi, nab: they are called timestamp and value')
        .choices(['csv', 'kpi', 'nab'])
        .default('csv'),
    )
    .option('--time <column>', 'the column that holds the time (default: the first)')
    .option('--value <column>', 'the column that holds the value (default: the second)')
    .addOption(
      new Option(
        '--time-format <format>',
        'dates such as 3/1/2026: mdy, month first; dmy, day first; numbers since 1970, however small: s, ms, us, ns (default: as the column shows)',
      ).choices(TIME_FORMATS),
    )
    .addOption(new Option('--decimal <mark>', 'what stands before decimals (default: as the column shows)').choices(DECIMAL_MARKS))
    .addOption(new Option('--false-alarms-per-week <n>', 'what you put up with, for each series').argParser(factorArgument).default(1))
    .option('--plot <file>', 'write charts into this HTML or PNG file')
    .option('--json', 'print CSV: path,timestamp,score for every point; an alarm is a score of 0.5 or more', false)
    .action(async (files, options) => exit(await (await import('./detect.ts')).detectCommand(files, options, terminal)));
};

export const addExperiment: Add = (program, terminal, exit) => {
  const time = askedTimeArgument(systemClock.now);
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
    .option('--window <name>', 'windows of this size, those that the detector watches; default: the shortest')
    .option('--error <percent>', 'how often the intervals may ever miss the truth, all variants together', '5%')
    .addOption(pipelineOption())
    .addOption(new Option('--from <time>', 'windows that start at this time or later').argParser(time))
    .addOption(new Option('--to <time>', 'windows that start before this time').argParser(time))
    .option('--olap-store <store>', 'where rows are that the log keeps no more; default: as the pipeline was run')
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object a variant', false)
    .action(async (options) => exit(await (await import('./experiment.ts')).experimentCommand(options, terminal)));
};
