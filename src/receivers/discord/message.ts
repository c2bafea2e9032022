/** An alert as a Discord message: one embed with title, why, facts, and a line that names it. */
import type { AlertEvent } from '../alert-event.ts';
import { alertFacts, nameText, whyTexts, type Fact } from '../chat/facts.ts';
import { alertLinks } from '../chat/links.ts';
import { chatTexts } from '../chat/text/texts.ts';
import { endingOf } from '../ending.ts';
import type { ReceiverDeps } from '../receiver.ts';
import { DISCORD_LIMITS, discordLinks, discordMarkdown, discordText, discordTitle } from './limits.ts';

interface DiscordField {
  readonly name: string;
  readonly value: string;
  readonly inline: true;
}

export interface DiscordEmbed {
  readonly title: string;
  /** What the title leads to; its host has a dot. */
  readonly url?: string;
  readonly description: string;
  /** 0xRRGGBB, the bar at the side. */
  readonly color: number;
  readonly fields: readonly DiscordField[];
  readonly footer: { readonly text: string };
  /** ISO 8601; Discord shows it in the reader's time zone. */
  readonly timestamp: string;
}

export interface DiscordMessage {
  readonly embeds: readonly [DiscordEmbed];
  /** Nobody is mentioned, whatever stands in a label. */
  readonly allowed_mentions: { readonly parse: readonly [] };
}

const COLOURS = { low: 0x3498db, medium: 0xf1c40f, high: 0xe74c3c, critical: 0x992d22 } as const;
const GREEN = 0x2ecc71;
const GREY = 0x95a5a6;
/** Shares of the total: what title, footer and fields leave of it is the description's. */
const FOOTER_CHARS = 500;
const FIELDS_CHARS = 3_000;

export function discordMessage(alert: AlertEvent, { locale, pageUrl }: Pick<ReceiverDeps, 'locale' | 'pageUrl'>): DiscordMessage {
  const texts = chatTexts[locale];
  const title = discordTitle(alert.message, DISCORD_LIMITS.titleChars);
  const fields = fieldsOf(alertFacts(alert, texts, DISCORD_LIMITS.fields));
  const footer = discordText(nameText(alert, texts), FOOTER_CHARS);
  const used = fields.reduce((sum, { name, value }) => sum + name.length + value.length, title.length + footer.length);
  const links = alertLinks(alert, pageUrl, texts);
  const ending = links.length === 0 ? '' : `\n\n${discordLinks(links)}`;
  const room = Math.min(DISCORD_LIMITS.descriptionChars, DISCORD_LIMITS.totalChars - used) - ending.length;
  const card = links.find(({ to, address }) => to === 'card' && isTakenAsUrl(address))?.address;
  const embed = {
    title,
    ...(card !== undefined && { url: card }),
    description: discordMarkdown(whyTexts(alert, texts).join(' '), room) + ending,
    color: colourOf(alert),
    fields,
    footer: { text: footer },
    timestamp: alert.alert_time,
  };
  return { embeds: [embed], allowed_mentions: { parse: [] } };
}

/** Discord refuses the whole message for one whose host has no dot, such as `localhost` or `tocsin:8080`; in the text it takes any. */
function isTakenAsUrl(address: string): boolean {
  return /[^.]\.[^.]/.test(URL.parse(address)?.hostname ?? '');
}

function colourOf(alert: AlertEvent): number {
  if (alert.status === 'firing') return COLOURS[alert.severity];
  return endingOf(alert) === 'resolved' ? GREEN : GREY;
}

function fieldsOf(facts: readonly Fact[]): DiscordField[] {
  const share = Math.floor(FIELDS_CHARS / facts.length);
  return facts.map(([fact, text]) => {
    const name = discordTitle(fact, Math.min(DISCORD_LIMITS.fieldNameChars, Math.floor(share / 3)));
    return { name, value: discordMarkdown(text, Math.min(DISCORD_LIMITS.fieldValueChars, share - name.length)), inline: true };
  });
}
