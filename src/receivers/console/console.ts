/** Writes each alert on the terminal as a short block. */
import type { AlertEvent } from '../alert-event.ts';
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
      deps.write(block(alert, texts, colour));
      return { ok: true };
    },
  };
}

function block(alert: AlertEvent, texts: Texts, colour: boolean): string {
  const resolved = alert.status === 'resolved';
  const code = !resolved ? COLOURS[alert.severity] : endingOf(alert) === 'resolved' ? GREEN : WHITE;
  const paint = (text: string): string => (colour ? `\x1b[1;${code}m${text}\x1b[0m` : text);
  const facts = [
    texts[resolved ? endingOf(alert) : alert.severity],
    alert.alert_time,
    printable(alert.series),
    `${texts.since} ${alert.since}`,
    ...(alert.repeat > 0 ? [`${texts.reminder} ${alert.repeat}`] : []),
    alert.alert_type,
    alert.alert_id,
  ];
  const lines = [paint(printable(alert.message)), `   ${facts.join(' | ')}`, `   ${printable(alert.explanation.text)}`];
  if (!resolved) {
    lines.push(`   ${printable(alert.explanation.not_fired_if)}`);
    if (alert.likely_causes.length > 0) lines.push(`   ${texts.causes}: ${printable(alert.likely_causes.join('; '))}`);
    if (alert.impact && alert.impact.money_per_hour !== 0) {
      const { money_per_hour: money, currency } = alert.impact;
      lines.push(`   ${money > 0 ? texts.missing : texts.excess}: ${Math.abs(money).toFixed(2)} ${currency}`);
    }
  }
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
