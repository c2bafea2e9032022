/** Writes each alert on the terminal as a short block. */
import { moneyText } from '../../core/money-text.ts';
import { timeText, withZone, type Zone } from '../../core/told-time.ts';
import { readableAddress } from '../../core/web-address.ts';
import type { AlertEvent } from '../alert-event.ts';
import { toldToSeconds } from '../alert-times.ts';
import { cardAddress } from '../card-address.ts';
import { endingOf } from '../ending.ts';
import type { Receiver, ReceiverDeps, ReceiverKind } from '../receiver.ts';
import { textsOf } from '../text/texts.ts';
import type { Texts } from '../text/texts.ts';
import { consoleConfig } from './config.ts';
import type { ConsoleConfig } from './config.ts';

/** ANSI colours: of an all-clear, of an end that is none, and by severity. */
const GREEN = 32;
const WHITE = 37;
const COLOURS = { low: 36, medium: 33, high: 31, critical: 35 } as const;

function createConsole(name: string, config: ConsoleConfig, deps: ReceiverDeps): Receiver {
  const colour = deps.colour && config.colour === 'auto';
  const texts = textsOf[deps.locale];
  return {
    name,
    local: true,
    target: 'this terminal',
    async send({ alert }) {
      const page = deps.pageUrl ?? deps.localPageUrl?.();
      const card = page === undefined ? undefined : cardAddress(page, alert);
      deps.write(block(alert, card, { texts, colour, zone: deps.zone }));
      return { ok: true };
    },
  };
}

interface Look {
  readonly texts: Texts;
  readonly colour: boolean;
  readonly zone: Zone;
}

function block(alert: AlertEvent, card: string | undefined, { texts, colour, zone }: Look): string {
  const resolved = alert.status === 'resolved';
  const code = !resolved ? COLOURS[alert.severity] : endingOf(alert) === 'resolved' ? GREEN : WHITE;
  const paint = (text: string): string => (colour ? `\x1b[1;${code}m${text}\x1b[0m` : text);
  const seconds = toldToSeconds(alert);
  const facts = [
    texts[resolved ? endingOf(alert) : alert.severity],
    timeText(Date.parse(alert.alert_time), zone, seconds),
    printable(alert.series),
    `${texts.since} ${timeText(Date.parse(alert.since), zone, seconds)}`,
    ...(alert.repeat > 0 ? [`${texts.reminder} ${alert.repeat}`] : []),
    alert.alert_type,
    alert.alert_id,
  ];
  const lines = [paint(printable(alert.message)), `   ${facts.join(' | ')}`, `   ${printable(withZone(alert.explanation.text, zone))}`];
  if (!resolved) {
    lines.push(`   ${printable(alert.explanation.not_fired_if)}`);
    if (alert.likely_causes.length > 0) lines.push(`   ${texts.causes}: ${printable(alert.likely_causes.join('; '))}`);
    if (alert.impact && alert.impact.money_per_hour !== 0) {
      const { money_per_hour: money, currency } = alert.impact;
      lines.push(`   ${money > 0 ? texts.missing : texts.excess}: ${moneyText(Math.abs(money), currency)}`);
    }
    if (alert.runbook) lines.push(`   ${texts.runbook}: ${printable(readableAddress(alert.runbook))}`);
  }
  if (card !== undefined) lines.push(`   ${texts.open}: ${card}`);
  return `${lines.join('\n')}\n`;
}

/** Labels come from events: a control character in them must not steer the terminal or fake a line. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '�');
}

export const consoleReceiver: ReceiverKind<typeof consoleConfig> = {
  name: 'console',
  description: 'Writes alerts on the terminal.',
  config: consoleConfig,
  create: createConsole,
};
