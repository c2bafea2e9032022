/** Values, times and segments as people read them. */
import type { Labels } from '../core/labels.ts';
import type { MeasureSpec } from '../windows/spec.ts';

/** What stands before the number, and how many digits after the point are in use. */
const MONEY: Readonly<Record<string, { sign: string; digits: number }>> = {
  USD: { sign: '$', digits: 2 },
  EUR: { sign: '€', digits: 2 },
  GBP: { sign: '£', digits: 2 },
  JPY: { sign: '¥', digits: 0 },
  KRW: { sign: '₩', digits: 0 },
};

/** `5.00%`, `$2.50`, `114`, `120.00 ms`. */
export function valueText(value: number, measure: MeasureSpec): string {
  if (measure.currency !== undefined) return moneyText(value, measure.currency);
  if (measure.unit === '%') return `${value.toFixed(2)}%`;
  const whole = measure.kind === 'count' || measure.kind === 'distinct';
  const number = whole ? countText(value) : Number.isInteger(value) ? String(value) : value.toFixed(2);
  return measure.unit === undefined ? number : `${number} ${measure.unit}`;
}

export function moneyText(value: number, currency: string): string {
  const money = Object.hasOwn(MONEY, currency) ? MONEY[currency] : undefined;
  const sign = value < 0 ? '-' : '';
  return money ? `${sign}${money.sign}${Math.abs(value).toFixed(money.digits)}` : `${value.toFixed(2)} ${currency}`;
}

/** An expected count is seldom whole; below ten the digit after the point matters. */
function countText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 1 : 0);
}

/** `+267.7%`, `-60.0%` */
export function deviationText(percent: number): string {
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)}%`;
}

/** `2025-12-18 02:57–02:58 UTC`; seconds only where there are some. */
export function spanText(startIso: string, endIso: string): string {
  const seconds = startIso.slice(17, 19) !== '00' || endIso.slice(17, 19) !== '00';
  const clock = (iso: string): string => iso.slice(11, seconds ? 19 : 16);
  return `${startIso.slice(0, 10)} ${clock(startIso)}–${clock(endIso)} UTC`;
}

/** `ctr{country="US",ad_format="banner"}` */
export function seriesText(measure: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${measure}{${pairs.join(',')}}`;
}
