/** The way in from the shell: parses the command line, runs one command, turns what goes wrong into a line and an exit code. */
import { CommanderError } from 'commander';
import { AppError } from '../core/errors.ts';
import { createProgram } from './program.ts';
import { createTerminal } from './terminal.ts';

/** 0: done. 1: done, and the answer is no. 2: could not be done. */
const COULD_NOT = 2;

const terminal = createTerminal(process);
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody reads any more (`| head`): the rest is not wanted.
    if (error.code === 'EPIPE') process.exit(0);
    if (stream === process.stdout) process.stderr.write(`tocsin: cannot write the output: ${error.message}\n`);
    process.exit(COULD_NOT);
  });
}
// Faults outside of the command's own promise; a command that was cut off in its middle must not look done.
process.on('uncaughtException', (error) => process.exit(explain(error)));

const exitCode = await runCommand();
await terminal.flush();
process.exit(exitCode);

async function runCommand(): Promise<number> {
  let code = 0;
  try {
    await createProgram(terminal, (found) => (code = found)).parseAsync();
    return code;
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): number {
  // Commander has printed what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : COULD_NOT;
  if (error instanceof AppError) terminal.note(error.message);
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
