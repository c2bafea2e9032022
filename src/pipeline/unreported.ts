/**
 * Records of the inputs that nobody has reported on. While a partition changes hands it is idle by its last report, whatever has come since:
 * before a silence is told, what lies there is waited for. Once, up to where the inputs end then: of a source that brings nothing but
 * invalid records there is always more. Who may not read the inputs waits for nothing.
 */
import { AppError } from '../core/errors.ts';
import type { Log } from '../log/log.ts';

export interface UnreportedDeps {
  readonly log: Pick<Log, 'bounds' | 'read'>;
  /** Up to where a partition's owner has reported; undefined: nobody has. */
  readonly offsetOf: (name: string) => number | undefined;
  /** Told once when the log refuses to show the inputs. */
  readonly warn: (message: string) => void;
}

export interface Unreported {
  /** Whether reports are waited for, and none of them has come. */
  isAwaited(): boolean;
  /** Looks where the inputs are; resolves to whether reports are to be waited for. */
  look(): Promise<boolean>;
  /** The next silence is another one. */
  forget(): void;
}

interface Input {
  readonly topic: string;
  readonly partition: number;
  readonly name: string;
}

const ONE_RECORD = { maxBytes: 1, maxRecords: 1 };

export function createUnreported(inputs: readonly Input[], { log, offsetOf, warn }: UnreportedDeps): Unreported {
  /** Where the inputs ended when this silence was to be told. */
  const ends = new Map<string, number>();
  /** By partition, the reported offset at which there is a record. */
  const awaited = new Map<string, number>();
  let hasWarned = false;

  async function lookAt({ topic, partition, name }: Input): Promise<void> {
    const offset = offsetOf(name);
    if (offset === undefined) return;
    const end = ends.get(name) ?? (await log.bounds(topic, partition)).end;
    ends.set(name, end);
    // At the end may stand marks of transactions alone, which nobody reports.
    if (offset < end && (await log.read(topic, partition, offset, ONE_RECORD))) awaited.set(name, offset);
  }

  /** A silence that is told too soon is better than no monitor: of what it needs to go on, the log refuses it nothing. */
  function unlessRefused(error: unknown): void {
    if (!(error instanceof AppError && error.code === 'log_refused')) throw error;
    if (!hasWarned)
      warn(`a silence may be told while records wait that nobody has counted: the monitor may not look at them. ${error.message}`);
    hasWarned = true;
  }

  return {
    isAwaited: () => awaited.size > 0 && [...awaited].every(([name, offset]) => offsetOf(name) === offset),
    async look() {
      awaited.clear();
      await Promise.all(inputs.map((input) => lookAt(input).catch(unlessRefused)));
      return awaited.size > 0;
    },
    forget() {
      ends.clear();
      awaited.clear();
    },
  };
}
