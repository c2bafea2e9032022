/** Events of the Yahoo streaming benchmark in catch-up mode: 10 ms apart, 1,000 a window, in its text format. */
import { createRandom } from '../../src/core/random.ts';

export interface YsbEvents {
  /** Ad -> campaign: 100 campaigns of 10 ads. */
  readonly table: Readonly<Record<string, string>>;
  /** Event number `n`'s text; to be asked for in order. */
  text(n: number): string;
}

const CAMPAIGNS = 100;
const ADS_PER_CAMPAIGN = 10;
const START_MS = Date.UTC(2026, 2, 2, 9);
const STEP_MS = 10;
const AD_TYPES = ['banner', 'modal', 'sponsored-search', 'mail', 'mobile'] as const;
const KINDS = ['view', 'click', 'purchase'] as const;

export function createYsbEvents(seed: number): YsbEvents {
  const random = createRandom(seed, 0, 0);
  const hex = (): string => random.uint32().toString(16).padStart(8, '0');
  const uuid = (): string => {
    const text = hex() + hex() + hex() + hex();
    return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-a${text.slice(17, 20)}-${text.slice(20)}`;
  };
  const campaigns = Array.from({ length: CAMPAIGNS }, uuid);
  const ads = campaigns.flatMap((campaign) => Array.from({ length: ADS_PER_CAMPAIGN }, () => [uuid(), campaign] as const));
  return {
    table: Object.fromEntries(ads),
    text(n) {
      const [ad] = ads[random.below(ads.length)]!;
      return (
        `{"user_id": "${uuid()}", "page_id": "${uuid()}", "ad_id": "${ad}", "ad_type": "${AD_TYPES[random.below(5)]}", ` +
        `"event_type": "${KINDS[random.below(3)]}", "event_time": "${START_MS + n * STEP_MS}", "ip_address": "1.2.3.4"}`
      );
    },
  };
}
