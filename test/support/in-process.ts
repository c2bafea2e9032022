/** The command line as `main.ts` has it, in the process of the test: without a start, which costs more of the processor than most commands. */
import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { call } from '../../src/cli/call.ts';
import { createTerminal } from '../../src/cli/terminal.ts';

export interface Ended {
  /** Exit code; null: ended by `signal`. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Called {
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** As Ctrl-C does it; resolves when the command has ended. */
  interrupt(): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

/** `input`: on standard input; default: nothing. */
export function begin(args: readonly string[], input?: Uint8Array | string): Called {
  const [stdout, stderr] = [gathered(), gathered()];
  const signals = new EventEmitter();
  const terminal = createTerminal({
    stdin: Readable.from(input === undefined ? [] : [Buffer.from(input)]) as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    on: (signal, heard) => signals.on(signal, heard),
    exit(code) {
      throw new Error(`ends with ${code} before its end`);
    },
  });
  const ended = call(args, terminal).then((code) => ({ code, signal: null, stdout: stdout.text(), stderr: stderr.text() }));
  return {
    ended,
    stdout: stdout.text,
    stderr: stderr.text,
    interrupt() {
      signals.emit('SIGINT');
      // A second one would not wait for the end.
      signals.removeAllListeners();
      return ended;
    },
  };
}

function gathered(): { readonly stream: NodeJS.WriteStream; text(): string } {
  const parts: Buffer[] = [];
  const stream = new PassThrough().on('data', (part: Buffer) => parts.push(part));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => Buffer.concat(parts).toString() };
}
