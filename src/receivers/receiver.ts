/** A receiver carries notifications to people: the terminal, a chat, a pager. Retries live in `notify`, never in here. */
import type { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { Zone } from '../core/told-time.ts';
import type { AlertEvent, AlertLocale } from './alert-event.ts';
import type { Match } from './match.ts';

export interface Notification {
  readonly alert: AlertEvent;
  /** The same for every attempt and after a restart: for receivers that can tell a repeat by a key. */
  readonly dedupKey: string;
}

export interface NotSent {
  readonly ok: false;
  /** The same call may succeed later without anyone mending anything. */
  readonly retryable: boolean;
  /** For people; holds no secret. */
  readonly reason: string;
  /** The receiver asks for so long a pause, ms: of all that is sent to it. */
  readonly retryAfterMs?: number;
}

export type SendResult = { readonly ok: true } | NotSent;

export interface Receiver {
  /** As named in the pipeline file; unique in it. */
  readonly name: string;
  /** Which alerts it is told of; undefined: all. */
  readonly match?: Match | undefined;
  /** Tells only the person at this machine: told also when the past is replayed. */
  readonly local: boolean;
  /** Where it rings, for people, without secrets: `this terminal`, `https://hooks.slack.com`. */
  readonly target: string;
  /** One attempt. Ends early when the signal says so. */
  send(notification: Notification, signal: AbortSignal): Promise<SendResult>;
}

/** What the composition root hands to every receiver. */
export interface ReceiverDeps {
  /** Text for the person at the terminal. */
  write(text: string): void;
  /** The text goes to a terminal that shows colours. */
  readonly colour: boolean;
  readonly locale: AlertLocale;
  /** By whose clock times are told where the reader's is not known. */
  readonly zone: Zone;
  readonly clock: Clock;
  /** Where all who are told can open the page; undefined: nobody said. */
  readonly pageUrl?: string | undefined;
  /** Where somebody at this machine can, while it is there. */
  readonly localPageUrl?: (() => string | undefined) | undefined;
}

export interface ReceiverKind<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** One sentence for the reference page. */
  readonly description: string;
  /** Of the receiver's block in the pipeline file. */
  readonly config: Schema;
  /**
   * Texts in `config` have their `${NAME}` filled in by then.
   * @throws AppError `config_invalid` for an address that is none
   */
  create(name: string, config: z.output<Schema>, deps: ReceiverDeps): Receiver;
}
