/** The way in from the shell: the command line of this process, and what may go wrong with the process itself. */
import { call, COULD_NOT, explain } from './call.ts';
import { createTerminal } from './terminal.ts';

const terminal = createTerminal(process);
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      // Nobody reads any more (`| head`): the rest is not wanted.
      if (!terminal.cutOff()) process.exit(0);
      // Work ends in good order, and whoever starts it again when it fails is to do so.
      if (process.exitCode !== COULD_NOT && stream === process.stdout) terminal.note('nobody reads the output any more: stopping');
      process.exitCode = COULD_NOT;
      return;
    }
    if (stream === process.stdout) process.stderr.write(`tocsin: cannot write the output: ${error.message}\n`);
    process.exit(COULD_NOT);
  });
}
// Faults outside of the command's own promise; a command that was cut off in its middle must not look done.
process.on('uncaughtException', (error) => process.exit(explain(error, terminal)));

const code = await call(process.argv.slice(2), terminal);
process.exit(code === 0 ? process.exitCode : code);
