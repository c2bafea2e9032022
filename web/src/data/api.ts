import type {
  AlertList,
  DeadLetterList,
  LatestWindows,
  PipelineInfo,
  PipelineList,
  PipelineStatus,
  Problem,
  ShownSilence,
  SilenceList,
  TopicList,
  WindowHistory,
} from '../../../src/server/api.ts';
import type { Episode } from '../../../src/alerts/episodes.ts';
import type { SilenceRequest } from '../../../src/notify/silence-request.ts';
import type { Language } from '../i18n/texts.ts';
import type { Labels } from './series-book.ts';

/** What the server said instead of an answer; status 0: it could not be reached. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Api {
  pipelines(signal: AbortSignal): Promise<readonly PipelineInfo[]>;
  status(pipeline: string, signal: AbortSignal): Promise<PipelineStatus>;
  latest(pipeline: string, window: string, signal: AbortSignal): Promise<LatestWindows>;
  history(pipeline: string, ask: HistoryRequest, signal: AbortSignal): Promise<WindowHistory>;
  /** `lang`: in whose words. */
  alerts(
    pipeline: string,
    ask: {
      readonly status?: 'firing';
      readonly folded?: boolean;
      readonly order?: 'gravest';
      readonly lang: Language;
      readonly limit: number;
    },
    signal: AbortSignal,
  ): Promise<AlertList>;
  /** @throws ApiError 404 for one that is not known there, or no more */
  alert(pipeline: string, id: string, lang: Language, signal: AbortSignal): Promise<Episode>;
  deadLetters(pipeline: string, ask: { readonly reason?: string; readonly limit: number }, signal: AbortSignal): Promise<DeadLetterList>;
  topics(signal: AbortSignal): Promise<TopicList>;
  /** Those that are not over. */
  silences(pipeline: string, signal: AbortSignal): Promise<readonly ShownSilence[]>;
  silence(pipeline: string, request: SilenceRequest, signal: AbortSignal): Promise<ShownSilence>;
  endSilence(pipeline: string, id: string, signal: AbortSignal): Promise<ShownSilence>;
  streamUrl(pipeline: string, lang: Language): string;
}

export interface HistoryRequest {
  readonly window: string;
  /** ISO 8601, or undefined: from the first there is. */
  readonly from: string | undefined;
  /** ISO 8601, not included. */
  readonly to?: string | undefined;
  /** The `next` of the answer before. */
  readonly after?: string | undefined;
  /** Only the series with exactly these labels; undefined: all. */
  readonly labels: Labels | undefined;
  /** Only series of exactly these dimensions; undefined: of those of the labels, or of any. */
  readonly grouping?: readonly string[] | undefined;
  readonly limit: number;
}

/** `base`: where the API is, without a slash at the end; '' is beside the page. */
export function createApi(base: string, fetch: typeof globalThis.fetch): Api {
  const get = async <T>(path: string, query: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Promise<T> => {
    const asked = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value !== undefined) asked.set(key, value);
    return send<T>(`${path}${asked.size > 0 ? `?${asked}` : ''}`, {}, signal);
  };
  const send = async <T>(path: string, init: RequestInit, signal: AbortSignal): Promise<T> => {
    const headers = { accept: 'application/json', ...(init.body !== undefined && { 'content-type': 'application/json' }) };
    const response = await fetch(`${base}/api/v1${path}`, { ...init, signal, headers }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw new ApiError(0, String(error instanceof Error ? error.message : error));
    });
    if (!response.ok) throw new ApiError(response.status, await problemOf(response));
    return (await response.json()) as T;
  };
  const of = (pipeline: string): string => `/pipelines/${encodeURIComponent(pipeline)}`;

  return {
    pipelines: async (signal) => (await get<PipelineList>('/pipelines', {}, signal)).pipelines,
    status: (pipeline, signal) => get(`${of(pipeline)}/status`, {}, signal),
    latest: (pipeline, window, signal) => get(`${of(pipeline)}/latest`, { window }, signal),
    history: (pipeline, { window, from, to, after, labels, grouping, limit }, signal) =>
      get(
        `${of(pipeline)}/windows`,
        { ...labels, window, from, to, after, grouping: (grouping ?? (labels && Object.keys(labels)))?.join(), limit: String(limit) },
        signal,
      ),
    alerts: (pipeline, { status, folded, order, lang, limit }, signal) =>
      get(`${of(pipeline)}/alerts`, { status, folded: folded?.toString(), order, lang, limit: String(limit) }, signal),
    alert: (pipeline, id, lang, signal) => get(`${of(pipeline)}/alerts/${encodeURIComponent(id)}`, { lang }, signal),
    deadLetters: (pipeline, { reason, limit }, signal) => get(`${of(pipeline)}/dead-letters`, { reason, limit: String(limit) }, signal),
    topics: (signal) => get('/topics', {}, signal),
    silences: async (pipeline, signal) => (await get<SilenceList>(`${of(pipeline)}/silences`, {}, signal)).silences,
    silence: (pipeline, request, signal) => send(`${of(pipeline)}/silences`, { method: 'POST', body: JSON.stringify(request) }, signal),
    endSilence: (pipeline, id, signal) => send(`${of(pipeline)}/silences/${encodeURIComponent(id)}`, { method: 'DELETE' }, signal),
    streamUrl: (pipeline, lang) => `${base}/api/v1${of(pipeline)}/stream?lang=${lang}`,
  };
}

async function problemOf(response: Response): Promise<string> {
  const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  return problem?.detail ?? problem?.title ?? `HTTP ${response.status}`;
}
