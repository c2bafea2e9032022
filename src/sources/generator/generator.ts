/** Ad events out of nothing but a seed and the time: NDJSON records, the same for the same seconds in every run. */
import { createRandom, type Random } from '../../core/random.ts';
import type { GeneratorConfig } from './config.ts';
import { createEventWriter } from './event.ts';
import { CONVERSION_RATE, createSegments, dayLevel, type Segment } from './market.ts';

/** Records in the layout of the log, without line ends, in the order of their arrival. */
export interface GeneratedRecords {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

export interface AdGenerator {
  /**
   * What arrives in `fromMs <= time < toMs` (epoch ms, whole numbers). Ranges that adjoin give together what the whole
   * range gives. Each event's time lies up to `disorder` before its arrival, that of a late one up to 15 minutes.
   */
  events(fromMs: number, toMs: number): GeneratedRecords;
}

/** Everything is drawn second by second, from (seed, second, segment): so any range can be made on its own. */
const SLOT = 1_000;
const LATE_MIN = 180_000;
const LATE_MAX = 900_000;

interface Arrival {
  readonly at: number;
  readonly text: string;
}
interface Levels {
  readonly impressions: number;
  readonly ctr: number;
  readonly revenue: number;
}

/** `originMs`: when the generator was first started; `after` of a break counts from there. A break leaves all other segments' events as they are. */
export function createAdGenerator(config: GeneratorConfig, options: { originMs: number }): AdGenerator {
  const segments = createSegments();
  const clicksPerImpression = segments.reduce((sum, { share, ctr }) => sum + share * ctr, 0);
  const eventsPerImpression = 1 + clicksPerImpression * (1 + CONVERSION_RATE);
  const thinUntilMs = options.originMs - config.full_rate_for;
  const impressionsAt = (slotMs: number): number =>
    (slotMs < thinUntilMs ? (config.history_rate ?? config.rate) : config.rate) / eventsPerImpression;
  const breaks = config.breaks.map((each) => {
    const startMs = each.at === undefined ? options.originMs + (each.after ?? 0) : Date.parse(each.at);
    return { ...each, startMs, endMs: startMs + each.for };
  });
  /** The second made last: a live source asks for a part of it at a time. */
  let made: { slot: number; arrivals: readonly Arrival[] } | undefined;

  function levelsAt(segment: Segment, timeMs: number): Levels {
    const levels = { impressions: 1, ctr: 1, revenue: 1 };
    for (const each of breaks) {
      if (timeMs < each.startMs || timeMs >= each.endMs) continue;
      if (!matches(each.labels.country, segment.country) || !matches(each.labels.ad_format, segment.ad_format)) continue;
      levels.impressions *= each.impressions ?? 1;
      levels.ctr *= each.ctr ?? 1;
      levels.revenue *= each.revenue ?? 1;
    }
    return levels;
  }

  function addSegment(arrivals: Arrival[], segment: Segment, random: Random, slotMs: number): void {
    const levels = levelsAt(segment, slotMs);
    const write = createEventWriter(segment, random);
    const mean = impressionsAt(slotMs) * segment.share * dayLevel(slotMs, segment.utcOffsetHours, config.daily_swing) * levels.impressions;
    const ctr = Math.min(1, segment.ctr * levels.ctr);

    const send = (type: 'impression' | 'click' | 'conversion', at: number, revenue: number): void => {
      const late = random.unit() < config.late ? LATE_MIN + random.below(LATE_MAX - LATE_MIN + 1) : 0;
      // Most arrive soon, few at the end of the disorder.
      const delay = Math.floor(random.unit() ** 3 * (config.disorder + 1));
      const text = write.event(type, at - delay - late, revenue);
      arrivals.push({ at, text: random.unit() < config.broken ? write.broken(text) : text });
      if (random.unit() < config.duplicates) arrivals.push({ at: between(at), text });
    };
    const between = (at: number): number => at + random.below(slotMs + SLOT - at);

    for (let left = random.poisson(mean); left > 0; left--) {
      const at = slotMs + random.below(SLOT);
      write.next();
      send('impression', at, levels.revenue);
      if (random.unit() >= ctr) continue;
      const clickAt = between(at);
      send('click', clickAt, 0);
      if (random.unit() < CONVERSION_RATE) send('conversion', between(clickAt), 0);
    }
  }

  function arrivalsOf(slot: number): readonly Arrival[] {
    if (made?.slot === slot) return made.arrivals;
    const arrivals: Arrival[] = [];
    segments.forEach((segment, i) => addSegment(arrivals, segment, createRandom(config.seed, slot, i), slot * SLOT));
    arrivals.sort((a, b) => a.at - b.at);
    made = { slot, arrivals };
    return arrivals;
  }

  return {
    events(fromMs, toMs) {
      const texts: string[] = [];
      for (let slot = Math.floor(fromMs / SLOT); slot * SLOT < toMs; slot++) {
        for (const { at, text } of arrivalsOf(slot)) if (at >= fromMs && at < toMs) texts.push(text);
      }
      // All ASCII: characters are bytes.
      const ends = new Uint32Array(texts.length);
      texts.reduce((end, text, i) => (ends[i] = end + text.length), 0);
      return { bytes: new Uint8Array(Buffer.from(texts.join(''), 'latin1')), ends };
    },
  };
}

function matches(wanted: string | readonly string[] | undefined, value: string): boolean {
  return wanted === undefined || wanted === value || (Array.isArray(wanted) && wanted.includes(value));
}
