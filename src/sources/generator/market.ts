/** The market that the generator plays: how much of it each country and ad format is. All numbers are made up. */
export const COUNTRIES = ['US', 'KR', 'JP', 'UK', 'DE', 'CA', 'FR'] as const;
export const AD_FORMATS = ['banner', 'interstitial', 'rewarded_video'] as const;
export const DEVICES = ['ios', 'android', 'web'] as const;
export type Country = (typeof COUNTRIES)[number];
export type AdFormat = (typeof AD_FORMATS)[number];

interface CountryLevel {
  /** Of all impressions. */
  readonly share: number;
  /** Prices relative to the format's. */
  readonly price: number;
  readonly utcOffsetHours: number;
}
interface FormatLevel {
  readonly share: number;
  readonly ctr: number;
  /** Median bid for 1,000 impressions, USD. */
  readonly bid: number;
}

const COUNTRY_LEVELS: Readonly<Record<Country, CountryLevel>> = {
  US: { share: 0.27, price: 1.5, utcOffsetHours: -6 },
  KR: { share: 0.16, price: 1.0, utcOffsetHours: 9 },
  JP: { share: 0.16, price: 1.1, utcOffsetHours: 9 },
  UK: { share: 0.12, price: 1.2, utcOffsetHours: 0 },
  DE: { share: 0.12, price: 1.1, utcOffsetHours: 1 },
  CA: { share: 0.08, price: 1.2, utcOffsetHours: -5 },
  FR: { share: 0.09, price: 0.9, utcOffsetHours: 1 },
};
const FORMAT_LEVELS: Readonly<Record<AdFormat, FormatLevel>> = {
  banner: { share: 0.5, ctr: 0.06, bid: 1.2 },
  interstitial: { share: 0.3, ctr: 0.12, bid: 4.5 },
  rewarded_video: { share: 0.2, ctr: 0.2, bid: 11 },
};
/** Conversions per click. */
export const CONVERSION_RATE = 0.1;
/** Hour of the local day with the most traffic. */
const PEAK_HOUR = 20;

export interface Segment {
  readonly country: Country;
  readonly ad_format: AdFormat;
  /** Of all impressions; the shares of all segments add up to 1. */
  readonly share: number;
  readonly ctr: number;
  /** Median bid for 1,000 impressions, USD. */
  readonly bid: number;
  readonly utcOffsetHours: number;
}

/** Always in this order: countries, and within each the formats. */
export function createSegments(): Segment[] {
  return COUNTRIES.flatMap((country) =>
    AD_FORMATS.map((ad_format) => {
      const [place, format] = [COUNTRY_LEVELS[country], FORMAT_LEVELS[ad_format]];
      const bid = format.bid * place.price;
      return { country, ad_format, share: place.share * format.share, ctr: format.ctr, bid, utcOffsetHours: place.utcOffsetHours };
    }),
  );
}

/** Traffic at a time relative to the day's mean: 1 - swing to 1 + swing, the mean over a day is 1. */
export function dayLevel(timeMs: number, utcOffsetHours: number, swing: number): number {
  const localHours = timeMs / 3_600_000 + utcOffsetHours;
  return 1 + swing * Math.cos((2 * Math.PI * (localHours - PEAK_HOUR)) / 24);
}
