/** An alert as a Slack message: header, fields, why, and a line that names it. */
import type { AlertEvent, AlertLocale } from '../alert-event.ts';
import { SLACK_LIMITS, slackText } from './limits.ts';
import { slackTexts, type SlackTexts } from './text/texts.ts';

interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji: true;
}
interface Markdown {
  readonly type: 'mrkdwn';
  readonly text: string;
  /** Slack makes no links or mentions out of what looks like some: labels come from events. */
  readonly verbatim: true;
}
export type SlackBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text?: Markdown; readonly fields?: readonly Markdown[] }
  | { readonly type: 'context'; readonly elements: readonly Markdown[] };

export interface SlackMessage {
  /** For notifications and screen readers. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

const EMOJI = { low: 'ℹ️', medium: '⚠️', high: '🚨', critical: '🔥' } as const;
/** Fields beside the segment's. */
const FACTS = 6;

export function slackMessage(alert: AlertEvent, locale: AlertLocale): SlackMessage {
  const texts = slackTexts[locale];
  const why = whyText(alert, texts);
  return {
    text: slackText(alert.message, SLACK_LIMITS.messageChars),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: slackText(alert.message, SLACK_LIMITS.headerChars), emoji: true } },
      { type: 'section', fields: fieldsOf(alert, texts).map(([name, value]) => field(name, value)) },
      { type: 'section', text: markdown(slackText(why.join(' '), SLACK_LIMITS.sectionChars)) },
      { type: 'context', elements: [markdown(slackText(contextText(alert, texts), SLACK_LIMITS.textChars))] },
    ],
  };
}

function fieldsOf(alert: AlertEvent, texts: SlackTexts): [name: string, value: string][] {
  const { unit } = alert;
  const resolved = alert.status === 'resolved';
  return [
    ...segmentFields(alert, texts),
    [texts.metric, alert.metric_name],
    [texts.severity, resolved ? `✅ ${texts.resolved}` : `${EMOJI[alert.severity]} ${texts[alert.severity]}`],
    [texts.current, alert.current_value === null ? texts.noData : valueText(alert.current_value, unit)],
    [texts.expected, valueText(alert.expected_value, unit)],
    [texts.change, alert.deviation_percent === null ? '-' : deviationText(alert.deviation_percent)],
    [texts.time, alert.alert_time],
  ];
}

/** One field a dimension, as long as there is room; what is left shares the last one. */
function segmentFields({ labels }: AlertEvent, texts: SlackTexts): [name: string, value: string][] {
  const room = SLACK_LIMITS.fields - FACTS;
  const entries = Object.entries(labels).map(([name, value]): [string, string] => [dimensionText(name, texts), value]);
  if (entries.length === 0) return [[texts.segment, texts.all]];
  if (entries.length <= room) return entries;
  const rest = entries.slice(room - 1);
  return [...entries.slice(0, room - 1), [texts.segment, rest.map(([name, value]) => `${name}: ${value}`).join(', ')]];
}

function dimensionText(name: string, texts: SlackTexts): string {
  if (name === 'country') return texts.country;
  return name === 'ad_format' ? texts.adFormat : name;
}

function whyText({ status, explanation, likely_causes: causes, impact }: AlertEvent, texts: SlackTexts): string[] {
  if (status === 'resolved') return [explanation.text];
  const money = impact === null || impact.money_per_hour === 0 ? undefined : impact;
  return [
    explanation.text,
    explanation.not_fired_if,
    ...(causes.length > 0 ? [`${texts.causes}: ${causes.join('; ')}.`] : []),
    ...(money ? [`${money.money_per_hour > 0 ? texts.missing : texts.excess}: ${moneyText(money)}.`] : []),
  ];
}

function contextText(alert: AlertEvent, texts: SlackTexts): string {
  return [
    `Alert ID: ${alert.alert_id}`,
    `Type: ${alert.alert_type}`,
    `${texts.since} ${alert.since}`,
    ...(alert.repeat > 0 ? [`${texts.reminder} ${alert.repeat}`] : []),
    alert.pipeline,
  ].join(' | ');
}

function field(name: string, value: string): Markdown {
  const title = `*${slackText(name, 200)}:*\n`;
  return markdown(title + slackText(value, SLACK_LIMITS.fieldChars - title.length));
}

function markdown(text: string): Markdown {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** `5.00%`, `2.50 USD`, `1,234`. */
function valueText(value: number, unit: string | null): string {
  const digits = unit === null && Number.isInteger(value) ? 0 : 2;
  const number = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (unit === null) return number;
  return unit === '%' ? `${number}%` : `${number} ${unit}`;
}

function deviationText(percent: number): string {
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)}%`;
}

function moneyText({ money_per_hour: money, currency }: NonNullable<AlertEvent['impact']>): string {
  return `${Math.abs(money).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency}`;
}
