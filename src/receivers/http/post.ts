/** One POST to a receiver, bounded in everything, and what its answer means. Retries live in `notify`. */
import type { Clock } from '../../core/clock.ts';
import type { NotSent, SendResult } from '../receiver.ts';
import { createHider } from './secrets.ts';

export interface PostRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Where the address stands, for people: `receivers.chat.url`. */
  readonly setting: string;
  /** Texts that must not show up in a reason, beside the address itself. */
  readonly secrets?: readonly string[];
  /** How long a pause an answer of status 429 asks for beside its header Retry-After, s. */
  readonly pauseIn?: (answer: Answer) => number | undefined;
}

export interface Answer {
  readonly headers: Headers;
  /** Its first 4 kB. */
  readonly text: string;
}

/** More of an answer is not read. */
const ANSWER_BYTES_MAX = 4_096;
/** Nor is one waited for that does not go on: its status is there, and sending again would tell people twice. */
const ANSWER_MS_MAX = 1_000;
const SHOWN_CHARS = 160;
/** What is shown is made of the beginning: hiding secrets in more would only cost time. */
const LOOKED_AT_CHARS = 1_024;
/** A pause that is asked for is made at least so long, and at most so long. */
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 300_000;
/** Other 4xx mean that somebody has to mend something. */
const RETRYABLE_4XX = [408, 425, 429];
/** What fetch says of a port that belongs to another protocol (Fetch Standard, "port blocking"). */
const BAD_PORT = 'bad port';

export async function post(request: PostRequest, clock: Clock, signal: AbortSignal): Promise<SendResult> {
  const { url, headers, body, setting } = request;
  const hide = (text: string, isCut: boolean): string => createHider(url, request.secrets ?? []).hide(text, isCut);
  let response: Response;
  try {
    response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  } catch (error) {
    const fault = faultText(error);
    if (fault === BAD_PORT) {
      return notSent(
        false,
        `${url.origin} has a port that is kept for another protocol, and no HTTP is sent to it: put another one into ${setting}`,
      );
    }
    return notSent(true, `no connection to ${url.origin} (${hide(fault, false)})`);
  }
  const { status } = response;
  const { text, isCut } = await readAnswer(response);
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) {
    const to = URL.parse(response.headers.get('location') ?? '', url.href)?.origin ?? 'another address';
    return notSent(false, `${url.origin} redirects to ${to}, which is not followed: put the final address into ${setting}`);
  }
  const shown = printable(hide(text.slice(0, LOOKED_AT_CHARS), isCut || text.length > LOOKED_AT_CHARS));
  const reason = `${url.origin} answered ${status}${shown === '' ? '' : `: ${shown}`}`;
  return notSent(status >= 500 || RETRYABLE_4XX.includes(status), reason, pauseMs(request, response, text, clock));
}

/** The longest of what header and body ask for. */
function pauseMs({ pauseIn }: PostRequest, { status, headers }: Response, text: string, clock: Clock): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const seconds = status === 429 ? pauseIn?.({ headers, text }) : undefined;
  const asked = [retryAfterMs(headers.get('retry-after'), clock.now()), seconds === undefined ? undefined : bounded(seconds * 1_000)];
  const pauses = asked.filter((ms) => ms !== undefined);
  return pauses.length === 0 ? undefined : Math.max(...pauses);
}

function notSent(retryable: boolean, reason: string, retryAfter?: number): NotSent {
  return { ok: false, retryable, reason, ...(retryAfter !== undefined && { retryAfterMs: retryAfter }) };
}

/** The first bytes, as text; the connection is let go when there are more, or none come. An answer that breaks off is as good as none. */
async function readAnswer(response: Response): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const reader = response.body?.getReader();
  if (!reader) return { text: '', isCut: false };
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let isCut = true;
  let isLate = false;
  const tooLong = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, ANSWER_MS_MAX);
  try {
    while (bytes <= ANSWER_BYTES_MAX) {
      const { done, value } = await reader.read();
      if (done) {
        isCut = isLate;
        break;
      }
      parts.push(value);
      bytes += value.length;
    }
    await reader.cancel();
  } catch {
    // The status is known, and it decides.
  } finally {
    clearTimeout(tooLong);
  }
  return { text: Buffer.concat(parts).subarray(0, ANSWER_BYTES_MAX).toString(), isCut };
}

/** Seconds or a date -> ms, within bounds: 0, less, or a date that is past is one second. Undefined for anything else. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  // What is no IMF-fixdate (`Mon, 02 Mar 2026 09:00:30 GMT`) may still parse as some date.
  const date = /^\w{3}, /.test(header) ? Date.parse(header) - nowMs : Number.NaN;
  const ms = /^-?\d{1,9}(\.\d{1,9})?$/.test(header) ? Number(header) * 1_000 : date;
  return Number.isFinite(ms) ? bounded(ms) : undefined;
}

function bounded(ms: number): number {
  return Math.min(Math.max(PAUSE_MS_MIN, Math.ceil(ms)), PAUSE_MS_MAX);
}

function faultText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}

function printable(text: string): string {
  const line = text.replace(/[\s\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, ' ').trim();
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}
