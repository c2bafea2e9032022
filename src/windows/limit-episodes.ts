/**
 * When a limit was exceeded: episodes, each from the first accepted event beyond the limit until there was none for a while. A function of the
 * accepted events alone, so that whoever asks, however often, is told the same.
 */

/** Limits of a partition that change results: the segments that it tells apart, the ids that it remembers. */
export type LimitKind = 'series' | 'ids';

/** Plain JSON, as a snapshot has it. */
export interface LimitEpisode {
  /** Event time of the first accepted event beyond the limit, epoch ms. */
  readonly since: number;
  /** The largest event time beyond the limit. */
  readonly last: number;
}

/** As told of. */
export interface LimitSpan {
  readonly since: number;
  /** Event time at which there had been nothing beyond the limit for as long as it takes, epoch ms; undefined: it goes on. */
  readonly endedAt?: number;
}

export interface LimitEpisodes {
  /** An accepted event was beyond the limit. `watermark`: before it had any effect. */
  note(time: number, watermark: number): void;
  /** The newest, in order, at this watermark. */
  spans(watermark: number): readonly LimitSpan[];
  state(): readonly LimitEpisode[];
  restore(episodes: readonly LimitEpisode[]): void;
}

/** An episode is over when nothing was beyond the limit for so long, event time, ms. */
export const LIMIT_QUIET_MS = 3_600_000;

/** Ids are forgotten by steps: of a long dedup one takes longer than an hour, and between two of them it may be quiet that long. */
export function limitQuietMs(kind: LimitKind, dedupMs: number): number {
  return kind === 'ids' ? Math.max(LIMIT_QUIET_MS, dedupMs) : LIMIT_QUIET_MS;
}

/** Older ones were told long ago: as many do not begin between two commits. */
const EPISODES_MAX = 8;

export function createLimitEpisodes(quietMs = LIMIT_QUIET_MS): LimitEpisodes {
  let episodes: { since: number; last: number }[] = [];

  return {
    note(time, watermark) {
      const newest = episodes.at(-1);
      if (newest === undefined || time > newest.last + quietMs) {
        episodes = [...episodes, { since: time, last: time }].slice(-EPISODES_MAX);
      } else if (time > newest.last && watermark <= newest.last + quietMs) {
        // What comes after the watermark has passed the end changes nothing: the end was told.
        newest.last = time;
      }
    },
    spans: (watermark) =>
      episodes.map(({ since, last }, i) => {
        const endsAt = last + quietMs;
        return i < episodes.length - 1 || watermark > endsAt ? { since, endedAt: endsAt } : { since };
      }),
    state: () => episodes.map((episode) => ({ ...episode })),
    restore(before) {
      episodes = before.map((episode) => ({ ...episode }));
    },
  };
}

/** What an owner of the partition knows of it: all event times in epoch ms. */
export interface LimitView {
  /** Of the first accepted event. What was before it, a former owner's state said, and that is lost. */
  readonly from: number;
  readonly watermark: number;
  /** As of the limit's kind. */
  readonly quietMs: number;
}

/**
 * What is news to who was told up to `told`: each beginning and each end, in order. The last of them is what is told then. An owner whose view
 * begins after the episode that was told goes on with it, under the same beginning, where there was no silence long enough to end it.
 */
export function limitNews(spans: readonly LimitSpan[], told: LimitSpan | undefined, view?: LimitView): readonly LimitSpan[] {
  const news: LimitSpan[] = [];
  let known = told;
  const tell = (span: LimitSpan): void => void news.push((known = span));
  for (const { since, endedAt } of view && told ? seenWhole(spans, told, view) : spans) {
    if (known === undefined || since > known.since + LIMIT_QUIET_MS) {
      if (known !== undefined && known.endedAt === undefined) tell({ since: known.since, endedAt: since });
      tell({ since });
    }
    const { since: begun, endedAt: ended } = known!;
    if (endedAt !== undefined && ended === undefined && endedAt > begun) tell({ since: begun, endedAt });
  }
  return news;
}

/** The episodes in view, the first with the beginning that was told where it is the same one, or its end alone. */
function seenWhole(spans: readonly LimitSpan[], told: LimitSpan, { from, watermark, quietMs }: LimitView): readonly LimitSpan[] {
  if (told.since >= from) return spans;
  const [first, ...later] = spans;
  const couldEndAt = from + quietMs;
  if (first && first.since <= (told.endedAt ?? couldEndAt)) return [{ ...first, since: told.since }, ...later];
  return watermark > couldEndAt && told.endedAt === undefined ? [{ since: told.since, endedAt: couldEndAt }, ...spans] : spans;
}
