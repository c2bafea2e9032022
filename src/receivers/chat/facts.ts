/** What a chat message says of an alert, whatever the chat: as plain texts, neither escaped nor cut, with times by UTC. */
import { digitsOf } from '../../core/digits.ts';
import { isCurrency, moneyText } from '../../core/money-text.ts';
import { timeText, UTC } from '../../core/told-time.ts';
import type { AlertEvent } from '../alert-event.ts';
import { toldToSeconds } from '../alert-times.ts';
import { endingOf } from '../ending.ts';
import type { ChatTexts } from './text/texts.ts';

export type Fact = readonly [name: string, value: string];

const EMOJI = { low: 'ℹ️', medium: '⚠️', high: '🚨', critical: '🔥' } as const;
/** Facts beside the segment's. */
const ALERT_FACTS = 7;

/** At most so many: what is left of the segment shares one. */
export function alertFacts(alert: AlertEvent, texts: ChatTexts, most: number): Fact[] {
  const { unit } = alert;
  const seconds = toldToSeconds(alert);
  return [
    ...segmentFacts(alert, texts, most - ALERT_FACTS),
    [texts.metric, alert.metric_name],
    [texts.severity, severityText(alert, texts)],
    [texts.current, alert.current_value === null ? texts.noData : valueText(alert.current_value, unit)],
    [expectedName(alert, texts), valueText(alert.expected_value, unit)],
    [texts.change, alert.deviation_percent === null ? '-' : deviationText(alert.deviation_percent)],
    [texts.time, timeText(Date.parse(alert.alert_time), UTC, seconds)],
    [texts.since, timeText(Date.parse(alert.since), UTC, seconds)],
  ];
}

/** What is fixed was not expected, and is not called so. */
function expectedName({ explanation: { baseline, evidence, unseen } }: AlertEvent, texts: ChatTexts): string {
  if (evidence?.permitted_error !== undefined) return texts.control;
  if (baseline || evidence) return texts.expected;
  return unseen ? texts.newFrom : texts.limit;
}

/** An end that is no all-clear does not look like one. */
function severityText(alert: AlertEvent, texts: ChatTexts): string {
  const { status, severity } = alert;
  if (status === 'firing') return `${EMOJI[severity]} ${texts[severity]}`;
  const ending = endingOf(alert);
  return `${ending === 'resolved' ? '✅' : '☑️'} ${texts[ending]}`;
}

function segmentFacts({ labels }: AlertEvent, texts: ChatTexts, most: number): Fact[] {
  const entries = Object.entries(labels).map(([name, value]): Fact => [dimensionText(name, texts), value]);
  if (entries.length === 0) return [[texts.segment, texts.all]];
  if (entries.length <= most) return entries;
  const rest = entries.slice(most - 1);
  return [...entries.slice(0, most - 1), [texts.segment, rest.map(([name, value]) => `${name}: ${value}`).join(', ')]];
}

function dimensionText(name: string, texts: ChatTexts): string {
  if (name === 'country') return texts.country;
  return name === 'ad_format' ? texts.adFormat : name;
}

/** Sentences: why it rings, what may have caused it, what it costs; of an alert that ended only the first. */
export function whyTexts({ status, explanation, likely_causes: causes, impact }: AlertEvent, texts: ChatTexts): string[] {
  if (status === 'resolved') return [explanation.text];
  const { money_per_hour: money, currency } = impact ?? { money_per_hour: 0, currency: '' };
  return [
    explanation.text,
    explanation.not_fired_if,
    ...(causes.length > 0 ? [`${texts.causes}: ${causes.join('; ')}.`] : []),
    ...(money === 0 ? [] : [`${money > 0 ? texts.missing : texts.excess}: ${moneyText(Math.abs(money), currency)}.`]),
  ];
}

/** The line that names the alert. */
export function nameText(alert: AlertEvent, texts: ChatTexts): string {
  return [
    `${texts.alertId}: ${alert.alert_id}`,
    `${texts.alertType}: ${alert.alert_type}`,
    ...(alert.repeat > 0 ? [`${texts.reminder} ${alert.repeat}`] : []),
    alert.pipeline,
  ].join(' | ');
}

/** `5.00%`, `$2.50`, `1,234`, `0.0031`: with the digits that the headline has. */
function valueText(value: number, unit: string | null): string {
  if (unit !== null && isCurrency(unit)) return moneyText(value, unit);
  const digits = unit === null && Number.isInteger(value) ? 0 : digitsOf(value);
  const number = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (unit === null) return number;
  return unit === '%' ? `${number}%` : `${number} ${unit}`;
}

function deviationText(percent: number): string {
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)}%`;
}
