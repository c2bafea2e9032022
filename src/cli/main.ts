/** The way in from the shell: the command line of this process, and what may go wrong with the process itself. */
import { call, COULD_NOT, explain } from './call.ts';
import { createTerminal } from './terminal.ts';

const terminal = createTerminal(process);
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    const isUnread = error.code === 'EPIPE';
    const isWork = terminal.cutOff();
    // Nobody reads any more (`| head`): the rest is not wanted.
    if (isUnread && !isWork) process.exit(0);
    // Once, as what is still written in the end fails too.
    if (process.exitCode !== COULD_NOT && stream === process.stdout) {
      const why = isUnread ? 'nobody reads the output any more' : `cannot write the output (${error.message})`;
      terminal.note(isWork ? `${why}: stopping` : why);
    }
    // Work ends in good order, and whoever starts it again when it fails is to do so.
    process.exitCode = COULD_NOT;
    if (!isWork) process.exit();
  });
}
// Faults outside of the command's own promise; a command that was cut off in its middle must not look done.
process.on('uncaughtException', (error) => process.exit(explain(error, terminal)));

const code = await call(process.argv.slice(2), terminal);
process.exit(process.exitCode ?? code);
