/** What the thread that serves asks of the one that writes, and is answered, one after the other. */
import type { MessagePort } from 'node:worker_threads';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { TopicInfo, TopicSettings } from '../log.ts';
import type { Retired } from './bounds.ts';
import type { Due } from './retention.ts';
import type { Piece, Place } from './pieces.ts';
import type { PartNum } from './topics.ts';

/** What the thread is started with. */
export interface WriterThread {
  /** Of SQLite's file, which is there. */
  readonly path: string;
  /** As `EmbeddedLogConfig`. */
  readonly checkpointBytes: number;
  readonly port: MessagePort;
  /** One number, shared: how many orders are answered. Who waits for an answer without an event loop is woken by it. */
  readonly answered: Int32Array;
}

export interface AppendToWrite {
  readonly part: PartNum;
  /** Raised to that of the partition's last. */
  readonly appendTime: number;
  readonly firstLine?: number;
  /** As `Row`; the body has so many `bytes`, and is not compressed yet. */
  readonly rows: readonly { readonly to: number; readonly flags: number; readonly bytes: number }[];
}

export const DELETED = -1;

/** A commit, its rows made. Their bodies and then the values of the state stand in the order's pieces, from `at` on. */
export interface UnitToWrite {
  readonly at: Place;
  readonly appends: readonly AppendToWrite[];
  readonly offsets: readonly { readonly group: string; readonly part: PartNum; readonly offset: number | null }[];
  /** Keys, and how many bytes the value of each has, or `DELETED`. There may be thousands: so they are copied at once. */
  readonly state: { readonly keys: readonly string[]; readonly bytes: Int32Array };
}

/** Of each append. */
export interface WrittenUnit {
  readonly firstOffsets: number[];
  readonly appendTimes: number[];
  readonly storedBytes: number[];
}

export type Outcome = { readonly written: WrittenUnit } | { readonly fault: Fault };

/** `write` is one transaction; its pieces come back with the answer. */
export type WriterOrder =
  | { readonly do: 'write'; readonly units: readonly UnitToWrite[]; readonly pieces: Piece[] }
  | { readonly do: 'ensure'; readonly name: string; readonly settings: TopicSettings; readonly newId: string }
  | { readonly do: 'due'; readonly now: number }
  | { readonly do: 'retire'; readonly topic: TopicInfo; readonly now: number }
  | { readonly do: 'close' };

export interface WriteAnswer {
  readonly outcomes: readonly Outcome[];
  readonly pieces: Piece[];
}

export type WriterValue = WriteAnswer | TopicInfo | Due | readonly Retired[] | undefined;

export type WriterAnswer = { readonly value: WriterValue } | { readonly fault: Fault };

/** An error on its way to another thread, where it would lose its class. */
export type Fault =
  | { readonly code: ErrorCode; readonly message: string; readonly retryable: boolean; readonly cause: unknown }
  | { readonly bug: unknown };

export function faultOf(error: unknown): Fault {
  if (!(error instanceof AppError)) return { bug: error };
  const { code, message, retryable, cause } = error;
  return { code, message, retryable, cause };
}

export function errorOf(fault: Fault): unknown {
  return 'bug' in fault ? fault.bug : new AppError(fault.code, fault.message, fault);
}
