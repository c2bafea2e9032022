/** What one chat message says of many alerts, whatever the chat: as plain texts, neither escaped nor cut. */
import type { AlertEvent } from '../alert-event.ts';
import { endingOf } from '../ending.ts';
import { EMOJI } from './facts.ts';
import type { ChatTexts } from './text/texts.ts';

/** So many are named; of the others the message says how many there are. */
const LISTED = 10;

export interface Digest {
  readonly title: string;
  /** How many there are of each type. */
  readonly types: string;
  readonly listed: readonly { readonly alert: AlertEvent; readonly text: string }[];
  /** How many are not listed; undefined: all are. */
  readonly unlisted: string | undefined;
}

/** `alerts`: at least one, the gravest first. Those that fire come before those that are over. */
export function digestOf(alerts: readonly AlertEvent[], texts: ChatTexts): Digest {
  const firing = alerts.filter(({ status }) => status === 'firing');
  const over = alerts.filter(({ status }) => status !== 'firing');
  const listed = [...firing, ...over].slice(0, LISTED);
  return {
    title: `${firing[0] ? EMOJI[firing[0].severity] : emojiOfEnds(over)} ${texts.together} (${countsText([texts.firing, firing.length], [texts.over, over.length])})`,
    types: countsText(...countByType(alerts)),
    listed: listed.map((alert) => ({ alert, text: lineOf(alert, texts) })),
    unlisted: alerts.length > listed.length ? `${texts.unlisted}: ${alerts.length - listed.length}` : undefined,
  };
}

/** An end that is no all-clear does not look like one. */
function emojiOfEnds(over: readonly AlertEvent[]): string {
  return over.every((alert) => endingOf(alert) === 'resolved') ? '✅' : '☑️';
}

function lineOf({ status, severity, message }: AlertEvent, texts: ChatTexts): string {
  return status === 'firing' ? `[${texts[severity]}] ${message}` : message;
}

type Count = readonly [name: string, count: number];

function countByType(alerts: readonly AlertEvent[]): Count[] {
  const byType = Map.groupBy(alerts, ({ alert_type: type }) => type);
  return [...byType].map(([type, some]): Count => [type, some.length]).toSorted((a, b) => b[1] - a[1]);
}

function countsText(...counts: readonly Count[]): string {
  return counts
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
}
