/** One POST to a receiver, bounded in everything, and what its answer means. Retries live in `notify`. */
import type { Clock } from '../../core/clock.ts';
import type { NotSent, SendResult } from '../receiver.ts';

export interface PostRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Texts that must not show up in a reason, beside the address itself. */
  readonly secrets?: readonly string[];
}

/** More of an answer is not read. */
const ANSWER_BYTES_MAX = 4_096;
const SHOWN_CHARS = 160;
/** A longer pause than this is cut down to it. */
const RETRY_AFTER_MS_MAX = 300_000;
/** Other 4xx mean that somebody has to mend something. */
const RETRYABLE_4XX = [408, 425, 429];

export async function post({ url, headers, body, secrets = [] }: PostRequest, clock: Clock, signal: AbortSignal): Promise<SendResult> {
  const hide = (text: string): string => withoutSecrets(text, [url.href, url.pathname + url.search, ...secrets]);
  let response: Response;
  try {
    response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  } catch (error) {
    return { ok: false, retryable: true, reason: `no connection to ${url.origin} (${hide(faultText(error))})` };
  }
  const { status } = response;
  const answer = await readAnswer(response);
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) {
    const to = URL.parse(response.headers.get('location') ?? '', url.href)?.origin ?? 'another address';
    return notSent(false, `${url.origin} redirects to ${to}, which is not followed: put the final address into the pipeline file`);
  }
  const text = printable(hide(answer));
  const reason = `${url.origin} answered ${status}${text === '' ? '' : `: ${text}`}`;
  const pauseMs = status === 429 || status === 503 ? retryAfterMs(response.headers.get('retry-after'), clock.now()) : undefined;
  return notSent(status >= 500 || RETRYABLE_4XX.includes(status), reason, pauseMs);
}

function notSent(retryable: boolean, reason: string, retryAfter?: number): NotSent {
  return { ok: false, retryable, reason, ...(retryAfter !== undefined && { retryAfterMs: retryAfter }) };
}

/** The first bytes, as text; the connection is let go when there are more. An answer that breaks off is as good as none. */
async function readAnswer(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (bytes < ANSWER_BYTES_MAX) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      bytes += value.length;
    }
    await reader.cancel();
  } catch {
    // The status is known, and it decides.
  }
  return Buffer.concat(parts).subarray(0, ANSWER_BYTES_MAX).toString();
}

/** Seconds or a date -> ms, at most five minutes; undefined for anything else. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  // What is no IMF-fixdate (`Mon, 02 Mar 2026 09:00:30 GMT`) may still parse as some date.
  const date = /^\w{3}, /.test(header) ? Date.parse(header) - nowMs : Number.NaN;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : date;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX) : undefined;
}

function faultText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret.length > 1).reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
}

function printable(text: string): string {
  const line = text.replace(/[\s\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, ' ').trim();
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}
