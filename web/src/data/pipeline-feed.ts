import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { PipelineInfo, PipelineStatus, WindowPoint } from '../../../src/server/api.ts';
import type { SilenceRequest } from '../../../src/notify/silence-request.ts';
import type { Clock } from '../clock.ts';
import type { Language } from '../i18n/texts.ts';
import { createAlertBook, type Episode } from './alert-book.ts';
import { knownFiring } from './alert-groups.ts';
import type { Api } from './api.ts';
import { paced } from './paced.ts';
import type { Silence } from './silences.ts';
import { openStream, type Connection, type StreamDeps } from './stream.ts';
import { createWindowFeed, type WindowFeed, type WindowFeedRequest } from './window-feed.ts';

export interface RateSample {
  /** Epoch ms. */
  readonly at: number;
  readonly perSecond: number;
}

/** All that is known of one pipeline, live, until `close`. */
export interface PipelineFeed {
  readonly info: PipelineInfo;
  readonly status: ReadonlySignal<PipelineStatus | undefined>;
  readonly connection: ReadonlySignal<Connection>;
  /** Newest first. */
  readonly alerts: ReadonlySignal<readonly Episode[]>;
  /** The alerts from before the page was opened are among them: until then an empty list says nothing. */
  readonly alertsKnown: ReadonlySignal<boolean>;
  /** What the server counts, while more fire than are known here; undefined: all that fire are among `alerts`. */
  readonly told: ReadonlySignal<PipelineStatus['alerts'] | undefined>;
  /** The newest that rang while this page was open. */
  readonly rang: ReadonlySignal<Episode | undefined>;
  /** The last `RATES_MAX` seconds. */
  readonly rates: ReadonlySignal<readonly RateSample[]>;
  /** That were not over when they were heard of last, the newest first. */
  readonly silences: ReadonlySignal<readonly Silence[]>;
  /** @throws ApiError in the server's words */
  silence(request: SilenceRequest): Promise<void>;
  endSilence(id: string): Promise<void>;
  /** Loads these windows and keeps them up to date until the returned feed is closed. */
  watch(request: WindowFeedRequest): WindowFeed;
  close(): void;
}

const ALERTS_MAX = 800;
/** Alerts that fire, as many as are loaded. Where fewer are left and there are more, the next gravest are asked for, so often at most. */
const FIRING_MAX = 500;
const MORE_EVERY_MS = 5_000;
/** Alerts may come by the thousand: they are shown at once, and then at most this often. */
const SHOW_ALERTS_MS = 100;
const RATES_MAX = 300;
/** Points come several times a second: they are shown at most this often; of thousands, which cost more to show, a ms a point, not so often. */
const SHOW_EVERY_MS = { least: 250, most: 1_000 };
/** Points that wait to be shown; past it they are shown at once. */
const WAITING_MAX = 20_000;
/** The stream tells what rings from now on; a list of what rang before that failed is asked for again after so long. */
const RETRY_MS = 5_000;
/**
 * What is shown is asked for once, when the stream is there: an answer from before would lack what came until then. Behind a proxy that holds
 * a stream back the page does not wait longer.
 */
const STREAM_WAIT_MS = 1_000;
/** On Kafka the stream may be so far ahead of what the server lists. */
const AHEAD_MAX_MS = 10_000;

/**
 * `language`: in whose words alerts are told; they are asked for anew when it changes. `onGap`: told when something may have been missed, the
 * pipeline's file too.
 */
export function createPipelineFeed(
  info: PipelineInfo,
  language: ReadonlySignal<Language>,
  deps: { api: Api; clock: Clock; onGap?: () => void } & StreamDeps,
): PipelineFeed {
  const { api, clock } = deps;
  const status = signal<PipelineStatus | undefined>(undefined);
  const connection = signal<Connection>('connecting');
  const alerts = signal<readonly Episode[]>([]);
  const alertsKnown = signal(false);
  const rang = signal<Episode | undefined>(undefined);
  const rates = signal<readonly RateSample[]>([]);
  const silences = signal<readonly Silence[]>([]);
  const feeds = new Set<WindowFeed>();
  const isPartial = signal(false);
  let losses = 0;
  const book = createAlertBook(ALERTS_MAX, () => {
    isPartial.value = true;
    losses++;
  });
  /** When the stream told last that an alert fires, epoch ms: of a while ago none is kept. */
  const heardAt = new Map<string, number>();
  const closing = new AbortController();
  /** The language that the book is in. */
  let said = language.peek();

  let waiting: WindowPoint[] = [];
  let timed = false;
  let everyMs = SHOW_EVERY_MS.least;
  const show = (): void => {
    timed = false;
    const points = waiting;
    waiting = [];
    everyMs = Math.min(SHOW_EVERY_MS.most, Math.max(SHOW_EVERY_MS.least, points.length));
    for (const feed of feeds) feed.put(points);
  };
  const take = (points: readonly WindowPoint[]): void => {
    for (const point of points) waiting.push(point);
    if (waiting.length >= WAITING_MAX) show();
    else if (!timed) {
      timed = true;
      clock.after(everyMs, show);
    }
  };
  const takeStatus = (next: PipelineStatus): void => {
    status.value = next;
    rates.value = [...rates.value, { at: clock.now(), perSecond: next.records_per_second }].slice(-RATES_MAX);
  };
  const listAlerts = (): void => {
    alerts.value = book.list();
    if (isPartial.value && knownFiring(alerts.value) < FIRING_MAX) askMore();
  };
  const showAlerts = paced(SHOW_ALERTS_MS, clock, listAlerts);
  const loadAlerts = async (): Promise<void> => {
    const lang = language.peek();
    const lossesBefore = losses;
    const longAgo = clock.now() - AHEAD_MAX_MS;
    for (const [id, at] of heardAt) if (at < longAgo) heardAt.delete(id);
    const firedBefore = book.firing().filter(({ alert_id }) => !heardAt.has(alert_id));
    // Those that fire may be old, and in an outage thousands: the gravest. Folded ones mark their segments. The newest tell the story.
    const [gravest, firing, newest] = await Promise.all([
      api.alerts(info.name, { status: 'firing', folded: false, order: 'gravest', lang, limit: FIRING_MAX }, closing.signal),
      api.alerts(info.name, { status: 'firing', lang, limit: 200 }, closing.signal),
      api.alerts(info.name, { lang, limit: 100 }, closing.signal),
    ]);
    // Asked for before somebody chose another language.
    if (lang !== language.peek()) return;
    isPartial.value = gravest.total > gravest.alerts.length || losses > lossesBefore;
    book.load(newest.alerts);
    book.load(firing.alerts);
    book.load(gravest.alerts);
    const listed = new Set([...newest.alerts, ...firing.alerts, ...gravest.alerts].map(({ alert_id }) => alert_id));
    const areAllListed = firing.total <= firing.alerts.length;
    // They ended where it was not heard here, long after they began; or they are among the less grave, which the server counts. Of folded ones it does not.
    book.forget(firedBefore.filter(({ alert_id, part_of }) => !listed.has(alert_id) && (areAllListed || part_of === undefined)));
    listAlerts();
    alertsKnown.value = true;
  };
  let forgetRetry = (): void => {};
  const askAlerts = (): void => {
    forgetRetry();
    loadAlerts().catch(() => {
      if (!closing.signal.aborted) forgetRetry = clock.after(RETRY_MS, askAlerts);
    });
  };
  const askMore = paced(MORE_EVERY_MS, clock, askAlerts);
  const loadSilences = async (): Promise<void> => {
    silences.value = await api.silences(info.name, closing.signal);
  };
  /** The stream may have told of it already. */
  const without = (ended: string): readonly Silence[] => silences.value.filter(({ id }) => id !== ended);
  let isAsked = false;
  const load = (): void => {
    isAsked = true;
    forgetWaiting();
    api.status(info.name, closing.signal).then(takeStatus, () => {});
    askAlerts();
    // Where that fails the stream tells of the next change, and the next gap asks again.
    loadSilences().catch(() => {});
    for (const feed of feeds) feed.load();
  };

  const loadFirst = (): void => {
    if (!isAsked) load();
  };
  const forgetWaiting = clock.after(STREAM_WAIT_MS, loadFirst);

  const stream = openStream(
    () => api.streamUrl(info.name, language.peek()),
    {
      points: take,
      alert: (event) => {
        if (event.status === 'firing') heardAt.set(event.alert_id, clock.now());
        else heardAt.delete(event.alert_id);
        const begins = book.put(event);
        showAlerts();
        if (begins) rang.value = { ...event, resolved_time: null };
      },
      status: takeStatus,
      silences: (current) => (silences.value = current),
      gap: () => {
        // The first time nothing was asked for yet that could have missed anything.
        if (isAsked) deps.onGap?.();
        load();
      },
      connection: (state) => {
        connection.value = state;
        if (state === 'lost') loadFirst();
      },
    },
    deps,
  );
  const forget = language.subscribe((chosen) => {
    if (chosen === said) return;
    said = chosen;
    // Shown as they are until they come again: the gap asks for them.
    book.clear();
    stream.reopen();
  });

  return {
    info,
    status,
    connection,
    alerts,
    alertsKnown,
    told: computed(() => (isPartial.value ? status.value?.alerts : undefined)),
    rang,
    rates,
    silences,
    silence: async (request) => {
      const added = await api.silence(info.name, request, closing.signal);
      silences.value = [added, ...without(added.id)];
    },
    endSilence: async (id) => {
      await api.endSilence(info.name, id, closing.signal);
      silences.value = without(id);
    },
    watch: (request) => {
      const feed = createWindowFeed(info, request, { api, clock });
      feeds.add(feed);
      if (isAsked) feed.load();
      const close = (): void => {
        feeds.delete(feed);
        feed.close();
      };
      return { ...feed, close };
    },
    close: () => {
      forget();
      closing.abort();
      forgetWaiting();
      forgetRetry();
      stream.close();
      for (const feed of feeds) feed.close();
      feeds.clear();
    },
  };
}
