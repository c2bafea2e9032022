/** What a command sees of the process it runs in. */
import { once } from 'node:events';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

interface Place extends Streams {
  on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', heard: () => void): unknown;
  exit(code: number): unknown;
}

export interface Terminal extends Streams {
  /** A line to standard output; where a promise comes back, the reader is slower and is to be waited for. */
  print(line: string): Promise<unknown> | undefined;
  /** A line for people, to standard error. */
  note(line: string): void;
  /** Everything printed is handed over. */
  flush(): Promise<void>;
  /**
   * Aborts at the first Ctrl-C (or SIGTERM, or SIGHUP: the terminal is gone), so that the command ends in its own time; a second Ctrl-C or SIGTERM
   * ends the process. Signals are caught from the first call on. `isReading`: all that the command does is what it prints.
   */
  interruption(options?: { readonly isReading: boolean }): AbortSignal;
  /** Nobody reads what is printed any more: interrupts work under way. False where there is none, and the process may end at once. */
  cutOff(): boolean;
}

const HELD_CHARS = 65_536;

/** `place`: the process, or what stands for it. */
export function createTerminal(place: Place): Terminal {
  const { stdin, stdout, stderr } = place;
  let held = '';
  let scheduled: NodeJS.Immediate | undefined;
  let work: AbortController | undefined;

  function hand(): Promise<unknown> | undefined {
    if (scheduled) clearImmediate(scheduled);
    scheduled = undefined;
    const text = held;
    held = '';
    if (text === '' || stdout.write(text)) return undefined;
    return once(stdout, 'drain');
  }

  return {
    stdin,
    stdout,
    stderr,
    print(line) {
      held += `${line}\n`;
      if (held.length >= HELD_CHARS) return hand();
      // Lines of a slow producer (`log tail --follow`) leave at once, those of a fast one together.
      scheduled ??= setImmediate(() => void hand());
      return undefined;
    },
    note: (line) => void stderr.write(`tocsin: ${line}\n`),
    async flush() {
      await hand();
      for (const stream of [stdout, stderr]) await new Promise<void>((resolve) => stream.write('', () => resolve()));
    },
    interruption({ isReading } = { isReading: false }) {
      const stopping = new AbortController();
      if (!isReading) work = stopping;
      for (const name of ['SIGINT', 'SIGTERM'] as const) {
        place.on(name, () => {
          if (stopping.signal.aborted) place.exit(130);
          stopping.abort();
        });
      }
      // Never in a hurry: it comes twice, from the terminal and from its shell, and beside a supervisor's SIGTERM.
      place.on('SIGHUP', () => stopping.abort());
      return stopping.signal;
    },
    cutOff() {
      work?.abort();
      return work !== undefined;
    },
  };
}
