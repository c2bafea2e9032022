import { isCurrency } from '../../../src/core/money-text.ts';

/** What a measure's numbers mean, as the API tells it. */
export interface MeasureFormat {
  /** `%`, `USD`, `B`, `ms`...; null: a plain number. */
  readonly unit: string | null;
}

const COMPACT_FROM = 100_000;

/** `2.03%`, `$1.24`, `12,345`, `1.2M`; `–` where there is no value. */
export function formatValue(value: number | null | undefined, { unit }: MeasureFormat, language: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (unit === null) return plain(value, language);
  if (unit === '%') return `${fixed(value, language)}%`;
  if (unit === 'B') return formatBytes(value, language);
  if (isCurrency(unit)) return money(value, unit, language);
  return `${plain(value, language)} ${unit}`;
}

/** `×0.52`, `×12` */
export function formatTimes(factor: number, language: string): string {
  return `×${number(language, factor < 10 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumSignificantDigits: 3 }).format(factor)}`;
}

/** The M of `1 : M`: `7,400`, `7.4M`, `740만`; beyond names for it, `10²¹`. */
export function formatOdds(value: number, language: string): string {
  if (value < 1e15) return value < 10_000 ? formatCount(value, language) : compact(value, language);
  const digits = value.toExponential().split('e+')[1] ?? '';
  return `10${[...digits].map((digit) => SUPERSCRIPTS[Number(digit)]).join('')}`;
}
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A share as a signed percentage, `+12.3%`, `−75%`; the sign is a true minus. */
export function formatChange(change: number | null, language: string): string {
  if (change === null || !Number.isFinite(change)) return '–';
  const percent = Math.abs(change) * 100;
  const digits = percent < 9.95 ? 1 : 0;
  const text = number(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(percent);
  const sign = Number(percent.toFixed(digits)) === 0 ? '±' : change < 0 ? '−' : '+';
  return `${sign}${text}%`;
}

export function formatCount(value: number, language: string): string {
  return number(language, { maximumFractionDigits: 0 }).format(value);
}

/** `1.4M`, `142만`. */
export function formatShort(value: number, language: string): string {
  return value < COMPACT_FROM ? formatCount(value, language) : compact(value, language);
}

export function formatBytes(bytes: number, language: string): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, Math.abs(bytes))) / 3)));
  return `${number(language, { maximumSignificantDigits: 3 }).format(bytes / 1000 ** step)} ${units[step]}`;
}

function plain(value: number, language: string): string {
  if (Math.abs(value) >= COMPACT_FROM) return compact(value, language);
  return Number.isInteger(value) ? formatCount(value, language) : fixed(value, language);
}

function compact(value: number, language: string): string {
  return number(language, { notation: 'compact', maximumSignificantDigits: 3, useGrouping: true }).format(value);
}

/** Two digits behind the point where they say something, so that a column of numbers does not dance. */
function fixed(value: number, language: string): string {
  const size = Math.abs(value);
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 0.1 || size === 0 ? 2 : 4;
  return number(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

function money(value: number, currency: string, language: string): string {
  const large = Math.abs(value) >= COMPACT_FROM;
  return number(language, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    ...(large ? { notation: 'compact', maximumSignificantDigits: 3 } : Math.abs(value) >= 1000 && { maximumFractionDigits: 0 }),
  }).format(value);
}

function number(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return new Intl.NumberFormat(language, options);
}
