/** The commands that silence alerts: their options, help and examples. */
import { Option } from 'commander';
import { labelArgument } from './arguments.ts';
import { command, dataOption, group, logOption, pipelineOption, type Add } from './command.ts';

export const addSilence: Add = (program, terminal, exit) => {
  const silence = group(program, 'silence', 'silences: receivers are not told of some alerts for a while', [
    'tocsin silence add --label country=US --for 2h --comment "deploy of the ad server"',
    'tocsin silence list',
    'tocsin silence end 3f0c1f6e-9c7e-4d65-9e0c-0a4f1f1c2b7d',
  ]);
  command(silence, 'add', 'silence the alerts that match, from now on', [
    'tocsin silence add --label country=US --label ad_format=banner --for 4h',
    'tocsin silence add --measure ctr --for 30m --comment "the tracker is being replaced" --by kim',
    'tocsin silence add --label country=KR --starts 2026-03-02T22:00:00Z --until 2026-03-03T02:00:00Z',
    'tocsin silence add --alert 1b4e28ba-2fa1-81d2-883f-0016d3cca427 --for 1d',
  ])
    .addOption(
      new Option('--label <name=value>', 'only alerts with this label, and finer ones; may be given for several labels')
        .argParser(labelArgument)
        .default([], 'any'),
    )
    .option('--measure <measure>', 'only alerts of this measure')
    .option('--alert-type <type>', 'only alerts of this type: ctr_drop')
    .option('--alert <id>', 'only this alert')
    .addOption(new Option('--for <duration>', 'how long: 30m, 2h, 1d; 30 days at most').conflicts('until'))
    .option('--until <time>', 'or when it ends: 2026-03-03T02:00:00Z')
    .option('--starts <time>', 'when it begins; default: now')
    .option('--comment <text>', 'why, for those who see it')
    .option('--by <name>', 'who silences')
    .addOption(pipelineOption())
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'print it as one JSON object', false)
    .action(async (options) => exit(await (await import('./silence.ts')).addCommand(options, terminal)));
  command(silence, 'list', 'a line for each silence that is not over', ['tocsin silence list', 'tocsin silence list --all --json'])
    .option('--all', 'those that are over too, of the last 45 days', false)
    .addOption(pipelineOption())
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'one JSON object a silence', false)
    .action(async (options) => exit(await (await import('./silence.ts')).listCommand(options, terminal)));
  command(silence, 'end <id>', 'end a silence now', ['tocsin silence end 3f0c1f6e-9c7e-4d65-9e0c-0a4f1f1c2b7d'])
    .addOption(pipelineOption())
    .addOption(logOption())
    .addOption(dataOption())
    .option('--json', 'print it as one JSON object', false)
    .action(async (id, options) => exit(await (await import('./silence.ts')).endCommand(id, options, terminal)));
};
