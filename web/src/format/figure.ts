/** The figures of alerts: written as the sentence above them writes them (src/alerts/value-text.ts), neither shortened nor rounded otherwise. */
import { digitsOf } from '../../../src/core/digits.ts';
import { isCurrency, moneyText } from '../../../src/core/money-text.ts';

export interface FigureFormat {
  /** `%`, `USD`, `ms`...; null: a plain number. */
  readonly unit: string | null;
  /** Of the measure. */
  readonly kind: string | undefined;
}

/** `2.03%`, `$1,234.50`, `1,234,567`, `120.00 ms`; `–` where there is no value. */
export function formatFigure(value: number | null, { unit, kind }: FigureFormat, language: string): string {
  if (value === null || !Number.isFinite(value)) return '–';
  if (unit !== null && isCurrency(unit)) return moneyText(value, unit);
  const isWhole = kind === 'count' || kind === 'distinct';
  const few = isWhole ? (Math.abs(value) < 10 ? 1 : 0) : digitsOf(value);
  const digits = Number.isInteger(value) && unit !== '%' ? 0 : few;
  const number = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  return unit === null ? number : unit === '%' ? `${number}%` : `${number} ${unit}`;
}
