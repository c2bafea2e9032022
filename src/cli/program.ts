/** All commands with their options, help and examples. What a command does is loaded when it is called: `--help` starts fast. */
import { readFileSync } from 'node:fs';
import { Command, Help } from 'commander';
import { addBacktest, addDetect, addExperiment } from './judge-commands.ts';
import { addAlerts, addDeadLetters, addLog, addReceivers, addStatus, addWindows } from './read-commands.ts';
import { addCheck, addDemo, addGenerate, addIngest, addReplay, addRun, addSimulate } from './run-commands.ts';
import { addSilence } from './silence-commands.ts';
import type { Terminal } from './terminal.ts';

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
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'tocsin: ')),
    })
    .exitOverride();
  addRun(program, terminal, exit);
  addCheck(program, terminal, exit);
  addIngest(program, terminal, exit);
  addWindows(program, terminal, exit);
  addAlerts(program, terminal, exit);
  addDeadLetters(program, terminal, exit);
  addLog(program, terminal, exit);
  addStatus(program, terminal, exit);
  addReceivers(program, terminal, exit);
  addSilence(program, terminal, exit);
  addSimulate(program, terminal, exit);
  addDemo(program, terminal, exit);
  addGenerate(program, terminal, exit);
  addReplay(program, terminal, exit);
  addBacktest(program, terminal, exit);
  addDetect(program, terminal, exit);
  addExperiment(program, terminal, exit);
  program.addHelpText('after', '\nExit codes: 0 done; 1 done, and the answer is no; 2 it could not be done, with a line that says why.');
  return program;
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
