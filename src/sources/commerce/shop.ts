/** The shop that the generator plays: where its visitors come from and what they do. All numbers are made up. */
export const COUNTRIES = ['KR', 'US', 'JP', 'DE', 'GB', 'FR'] as const;
export const DEVICES = ['mobile', 'desktop', 'tablet'] as const;
export type Country = (typeof COUNTRIES)[number];
export type Device = (typeof DEVICES)[number];

export interface Visitors {
  readonly country: Country;
  readonly device: Device;
  /** Of all sessions; the shares of all add up to 1. */
  readonly share: number;
  /** Of the sessions. */
  readonly cartRate: number;
  /** Of the sessions with something in the cart. */
  readonly purchaseRate: number;
  /** Median of an order, USD. */
  readonly price: number;
  /** Median time to answer a page, ms. */
  readonly latencyMs: number;
}

/** Of the orders. */
export const REFUND_RATE = 0.04;

const COUNTRY_LEVELS: Readonly<Record<Country, { share: number; price: number; latencyMs: number }>> = {
  KR: { share: 0.34, price: 38, latencyMs: 60 },
  US: { share: 0.26, price: 52, latencyMs: 140 },
  JP: { share: 0.14, price: 44, latencyMs: 80 },
  DE: { share: 0.11, price: 47, latencyMs: 160 },
  GB: { share: 0.09, price: 49, latencyMs: 150 },
  FR: { share: 0.06, price: 41, latencyMs: 165 },
};
const DEVICE_LEVELS: Readonly<Record<Device, { share: number; cartRate: number; purchaseRate: number }>> = {
  mobile: { share: 0.62, cartRate: 0.26, purchaseRate: 0.42 },
  desktop: { share: 0.32, cartRate: 0.34, purchaseRate: 0.58 },
  tablet: { share: 0.06, cartRate: 0.28, purchaseRate: 0.48 },
};

/** Always in this order: countries, and within each the devices. */
export function createVisitors(): Visitors[] {
  return COUNTRIES.flatMap((country) =>
    DEVICES.map((device) => {
      const { share, ...place } = COUNTRY_LEVELS[country];
      const { share: part, ...kind } = DEVICE_LEVELS[device];
      return { country, device, share: share * part, ...place, ...kind };
    }),
  );
}
