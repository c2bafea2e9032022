/** One command line: its command runs, and what goes wrong becomes a line and an exit code. */
import { CommanderError } from 'commander';
import { AppError } from '../core/errors.ts';
import { createProgram } from './program.ts';
import { printable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** 0: done. 1: done, and the answer is no. 2: could not be done. */
export const COULD_NOT = 2;

/** `args`: without the program's name. Resolves to the exit code, when everything printed is handed over. */
export async function call(args: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0;
  try {
    await createProgram(terminal, (found) => (code = found)).parseAsync(args, { from: 'user' });
  } catch (error) {
    code = explain(error, terminal);
  }
  await terminal.flush();
  return code;
}

/** Says what went wrong; the exit code that it means. */
export function explain(error: unknown, terminal: Terminal): number {
  // Commander has printed what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : COULD_NOT;
  // What was found is told too, and may be anybody's bytes; several problems are told in a line each.
  if (error instanceof AppError) terminal.note(error.message.split('\n').map(printable).join('\n'));
  else {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    terminal.note(`a fault in Tocsin itself: ${text.replaceAll('\n', ' ')}. Please report it, with what TOCSIN_DEBUG=1 shows of it.`);
  }
  if (process.env['TOCSIN_DEBUG'] === '1' && error instanceof Error) terminal.stderr.write(`${debugText(error)}\n`);
  return COULD_NOT;
}

function debugText(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${debugText(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
