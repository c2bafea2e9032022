/** Values and segments as people read them. */
import { digitsOf } from '../core/digits.ts';
import { labelsText, type Labels } from '../core/labels.ts';
import { moneyText } from '../core/money-text.ts';
import type { AlertLocale } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import { fill, type TextKey, type Texts } from './text/texts.ts';

const LISTED = 5;

/** By the digits behind the point. Made once: an alert has a dozen numbers, and making one of these takes longer than writing it. */
const GROUPED = [0, 1, 2, 3, 4].map(
  (digits) => new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const PLAIN = new Intl.NumberFormat('en-US');

const AGES: readonly [TextKey, ms: number][] = [
  ['age.days', 86_400_000],
  ['age.hours', 3_600_000],
  ['age.minutes', 60_000],
];

/** Names of large numbers, the largest first. */
const NUMBERS: Readonly<Record<AlertLocale, readonly [size: number, name: string][]>> = {
  en: [
    [1e12, ' trillion'],
    [1e9, ' billion'],
    [1e6, ' million'],
  ],
  ko: [
    [1e12, '조'],
    [1e8, '억'],
    [1e4, '만'],
  ],
};

/** What of a measure decides how its values are written. */
export type ShownMeasure = Pick<MeasureSpec, 'kind' | 'unit' | 'currency'>;

/** `5.00%`, `$2.50`, `1,140`, `120.00 ms`. The page writes the figures of alerts the same way (web/src/format/figure.ts). */
export function valueText(value: number, measure: ShownMeasure): string {
  if (measure.currency !== undefined) return moneyText(value, measure.currency);
  if (measure.unit === '%') return `${grouped(value, digitsOf(value))}%`;
  const whole = measure.kind === 'count' || measure.kind === 'distinct';
  const number = whole ? countText(value) : grouped(value, Number.isInteger(value) ? 0 : digitsOf(value));
  return measure.unit === undefined ? number : `${number} ${measure.unit}`;
}

/** An expected count is seldom whole; below ten the digit after the point matters. */
function countText(value: number): string {
  return grouped(value, Number.isInteger(value) || Math.abs(value) >= 10 ? 0 : 1);
}

function grouped(value: number, digits: number): string {
  return GROUPED[digits]!.format(value);
}

/** `+267.7%`, `-60.0%` */
export function deviationText(percent: number): string {
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)}%`;
}

/** `ctr{country="US",ad_format="banner"}` */
export function seriesText(measure: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${measure}{${pairs.join(',')}}`;
}

/** `KR video`, `all` */
export function segmentText(labels: Labels, texts: Texts): string {
  return labelsText(labels, texts['segment.all']);
}

/** `0.52`, `3.1`, `120` */
export function factorText(factor: number): string {
  return factor.toFixed(factor < 2 ? 2 : factor < 10 ? 1 : 0);
}

/** `61%` */
export function shareText(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** The first few, and how many more there are: of thousands only those are written. */
export function listText<T>(entries: readonly T[], textOf: (entry: T) => string, texts: Texts): string {
  const shown = entries.slice(0, LISTED).map(textOf).join(', ');
  const rest = entries.length - LISTED;
  return rest > 0 ? fill(texts['list.more'], { list: shown, count: String(rest) }) : shown;
}

/** `3 hours`: whole units, of which there are at least two. */
export function ageText(ms: number, texts: Texts): string {
  const [key, unit] = AGES.find(([, size]) => ms >= 2 * size) ?? AGES[AGES.length - 1]!;
  const count = Math.round(ms / unit);
  return fill(texts[count === 1 ? 'age.minute' : key], { count: String(count) });
}

/** The M of `1 : M`, as it stands in the alert and on the page: `7,400`, `7.4 million`, `740만`, `10^21`. */
export function oddsText(oneIn: number, locale: AlertLocale): string {
  if (oneIn >= 1e15) return `10^${oneIn.toExponential().split('e+')[1]}`;
  const value = Number(Math.max(1, oneIn).toPrecision(2));
  const [size, name] = NUMBERS[locale].find(([from]) => value >= from) ?? [1, ''];
  return `${PLAIN.format(Number((value / size).toPrecision(4)))}${name}`;
}
