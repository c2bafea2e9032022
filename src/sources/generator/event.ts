/** The text of one ad event. All ASCII. */
import { randomUuid } from '../../core/random-uuid.ts';
import type { Random } from '../../core/random.ts';
import { DEVICES, type Segment } from './market.ts';

export interface EventWriter {
  /** Draws who sees which ad, and at what price; the events that follow are of this impression. */
  next(): void;
  /** `revenue` times what the impression earns. */
  event(type: 'impression' | 'click' | 'conversion', timeMs: number, revenue: number): string;
  /** The same, made invalid in one of several ways. */
  broken(text: string): string;
}

const USERS = 50_000;
const CAMPAIGNS = 40;
/** Spread of the bids around the segment's median, of the logarithm. */
const BID_SPREAD = 0.35;

export function createEventWriter(segment: Segment, random: Random): EventWriter {
  let user = '';
  let campaign = '';
  let device = '';
  /** USD for 1,000 impressions, in 1/10,000: so that its text is short. */
  let bidUnits = 0;

  return {
    next() {
      user = `u${random.below(USERS).toString(36).padStart(4, '0')}`;
      campaign = `cmp_${random.below(CAMPAIGNS).toString(36)}`;
      device = DEVICES[random.below(DEVICES.length)] as string;
      bidUnits = Math.max(1, Math.round(segment.bid * Math.exp(BID_SPREAD * random.normal()) * 10_000));
    },
    event(type, timeMs, revenue) {
      const time = new Date(timeMs).toISOString();
      const earned = Math.round(bidUnits * revenue) / 10_000_000;
      return (
        `{"event_id":"${randomUuid(random)}","event_type":"${type}","event_time":"${time}","user_id":"${user}","campaign_id":"${campaign}",` +
        `"country":"${segment.country}","ad_format":"${segment.ad_format}","device":"${device}","bid_price":${bidUnits / 10_000},"revenue":${earned}}`
      );
    },
    broken(text) {
      switch (random.below(6)) {
        case 0:
          return text.slice(0, 20 + random.below(text.length - 20));
        case 1:
          return text.replace(/"country":"..",/, '');
        case 2:
          return text.replace(/"country":".."/, '"country":"XX"');
        case 3:
          return text.replace(/"revenue":[^}]+/, '"revenue":"free"');
        case 4:
          return text.replace(/"event_time":"[^"]+"/, '"event_time":"yesterday"');
        default:
          return `[${text}]`;
      }
    },
  };
}
