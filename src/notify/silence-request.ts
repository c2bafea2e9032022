/** From what somebody asks for to a silence; what would silence nothing, or everything, is refused with how to mend it. */
import { parseDuration } from '../core/duration.ts';
import { AppError } from '../core/errors.ts';
import { parseInstant } from '../core/instant.ts';
import type { Labels } from '../core/labels.ts';
import { parseWritten } from '../core/told-time.ts';
import { OWN_ALERTS } from '../receivers/own-alerts.ts';
import type { Silence } from './silence.ts';

export interface SilenceRequest {
  readonly matchers?: Labels;
  readonly measure?: string;
  readonly alert_type?: string;
  readonly alert_id?: string;
  /** ISO 8601 with a zone, or as commands print it (`2026-03-02 12:00 UTC`); default, and where it has passed: now. */
  readonly starts_at?: string;
  /** Either this or `for`. */
  readonly ends_at?: string;
  /** From its start on: `2h`. */
  readonly for?: string;
  readonly comment?: string;
  readonly created_by?: string;
}

/** How what is asked for is called where it was asked, and told there. */
export interface AskedBy {
  readonly names: Readonly<Record<'matchers' | 'measure' | 'alert_type' | 'alert_id' | 'starts_at' | 'ends_at' | 'for', string>>;
  /** An instant, epoch ms. */
  readonly timeText: (time: number) => string;
}

/** What alerts of the pipeline can be told apart by. */
export interface Silenceable {
  readonly pipeline: string;
  readonly dimensions: readonly string[];
  readonly measures: readonly string[];
  /** Default: the API. */
  readonly askedBy?: AskedBy;
}

/** Silences of a pipeline that are not over, at once. */
export const SILENCES_MAX = 1_000;
/** From now to the end of one, ms; the topic keeps its records longer. */
export const SILENCE_AHEAD_MAX_MS = 30 * 86_400_000;
/** Characters. */
const VALUE_MAX = 1_000;
const COMMENT_MAX = 2_000;
/** Labels of alerts about the pipeline itself. */
const OWN_LABELS = ['partition'];
const BY_API: AskedBy = {
  names: {
    matchers: 'matchers',
    measure: 'measure',
    alert_type: 'alert_type',
    alert_id: 'alert_id',
    starts_at: 'starts_at',
    ends_at: 'ends_at',
    for: 'for',
  },
  timeText: iso,
};
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** `nowMs`: the wall clock, epoch ms; `id`: a new UUID. @throws AppError `usage` */
export function makeSilence(request: SilenceRequest, of: Silenceable, { nowMs, id }: { nowMs: number; id: string }): Silence {
  const { matchers = {}, measure, alert_type, alert_id, comment = '', created_by } = request;
  const { names } = of.askedBy ?? BY_API;
  if (Object.keys(matchers).length === 0 && measure === undefined && alert_type === undefined && alert_id === undefined) {
    throw refusal(
      'found nothing to choose alerts by: it would silence everything; expected at least one of ' +
        `${names.matchers} (${[...of.dimensions, ...OWN_LABELS].join(', ')}), ${names.measure}, ${names.alert_type} and ${names.alert_id}`,
    );
  }
  for (const name of Object.keys(matchers)) checkName('label', name, [...of.dimensions, ...OWN_LABELS], of.pipeline);
  if (measure !== undefined) checkName('measure', measure, [...of.measures, ...Object.keys(OWN_ALERTS)], of.pipeline);
  if (alert_type === '') throw refusal(`found an empty ${names.alert_type}, which no alert has; expected one such as ctr_drop`);
  if (alert_id !== undefined && !UUID.test(alert_id)) {
    throw refusal(`found ${names.alert_id} ${quoted(alert_id)}; expected a UUID, as \`tocsin alerts --json\` and the HTTP API show it`);
  }
  const values = [...Object.values(matchers), alert_type ?? '', created_by ?? ''];
  if (values.some((value) => value.length > VALUE_MAX) || comment.length > COMMENT_MAX) {
    throw refusal(`found a text that is too long; expected at most ${VALUE_MAX} characters, and ${COMMENT_MAX} of a comment`);
  }
  const startMs = Math.max(nowMs, request.starts_at === undefined ? nowMs : timeOf(names.starts_at, request.starts_at));
  return {
    id,
    matchers,
    ...(measure !== undefined && { measure }),
    ...(alert_type !== undefined && { alert_type }),
    ...(alert_id !== undefined && { alert_id: alert_id.toLowerCase() }),
    starts_at: iso(startMs),
    ends_at: iso(endOf(request, of.askedBy ?? BY_API, { startMs, nowMs })),
    comment,
    ...(created_by !== undefined && { created_by }),
    created_at: iso(nowMs),
  };
}

function endOf(
  { ends_at, for: duration }: SilenceRequest,
  { names, timeText }: AskedBy,
  { startMs, nowMs }: { startMs: number; nowMs: number },
): number {
  if ((ends_at === undefined) === (duration === undefined)) {
    const found = ends_at === undefined ? 'no end' : 'both an end and a duration';
    throw refusal(
      `found ${found}; expected how long it lasts (${names.for}, such as 2h) or when it ends (${names.ends_at}, such as 2026-03-02T12:00:00Z)`,
    );
  }
  const endMs = ends_at === undefined ? startMs + lengthOf(names.for, duration!) : timeOf(names.ends_at, ends_at);
  if (endMs <= startMs) throw refusal(`found the end ${timeText(endMs)}; expected one after ${timeText(startMs)}, when it begins`);
  if (endMs > nowMs + SILENCE_AHEAD_MAX_MS) {
    throw refusal(
      `found the end ${timeText(endMs)}; expected one within 30 days. What should never ring is better taken out of \`detect:\``,
    );
  }
  return endMs;
}

function lengthOf(name: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0) throw refusal(`found ${name} ${quoted(text)}; expected one such as 30m, 2h or 1d`);
  // Longer ones would not make a date; they are refused as too far ahead.
  return Math.min(ms, 2 * SILENCE_AHEAD_MAX_MS);
}

function timeOf(field: string, text: string): number {
  const written = text.toUpperCase();
  const time = parseInstant(written) ?? parseWritten(written);
  if (typeof time === 'number') return time;
  throw refusal(`found ${field} ${quoted(text)}; expected a time with a zone, such as 2026-03-02T12:00:00Z or 2026-03-02 12:00 UTC`);
}

function checkName(kind: string, name: string, known: readonly string[], pipeline: string): void {
  if (known.includes(name)) return;
  throw refusal(`found the ${kind} ${quoted(name)}, which no alert of ${pipeline} has; expected one of: ${known.join(', ')}`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function refusal(why: string): AppError {
  return new AppError('usage', `the silence is refused: ${why}`);
}
