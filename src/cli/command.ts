/** The form that all commands have: help, examples, and the options that many share. */
import { Option, type Command } from 'commander';
import type { ReadingPlace } from '../app/readers/reading.ts';
import { DEFAULT_DATA } from '../app/run/run-options.ts';
import { pageUrlArgument } from './arguments.ts';
import type { Terminal } from './terminal.ts';

/** What every command is told that reads what is stored. */
export interface ReadOptions extends ReadingPlace {
  readonly json: boolean;
}

/** And of which pipeline. */
export interface PipelineOptions extends ReadOptions {
  readonly pipeline?: string;
}

/** Adds a command to the program; `exit`: told the exit code of the command that ran. */
export type Add = (program: Command, terminal: Terminal, exit: (code: number) => void) => void;

export function command(parent: Command, usage: string, summary: string, examples: readonly string[]): Command {
  return parent
    .command(usage)
    .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)
    .summary(summary)
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);
}

/** A command that only holds others. */
export function group(parent: Command, name: string, summary: string, examples: readonly string[]): Command {
  return command(parent, name, summary, examples).helpCommand(false);
}

export function logOption(): Option {
  return new Option('--log <address>', 'kafka://HOST:PORT,…; default: the log in the data directory').env('TOCSIN_LOG');
}

export function dataOption(): Option {
  return new Option('--data <dir>', 'the data directory').default(DEFAULT_DATA);
}

export function pageUrlOption(): Option {
  return new Option('--page-url <url>', 'where people open the page: messages link to each alert there')
    .argParser(pageUrlArgument)
    .env('TOCSIN_PAGE_URL');
}

export function pipelineOption(): Option {
  return new Option('--pipeline <name>', 'which pipeline, where there are several');
}
