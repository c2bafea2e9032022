import type { ToldTime } from '../../core/told-time.ts';
import { escapedText, type ChatMarks } from '../chat/escaped-text.ts';
import type { Link } from '../chat/links.ts';

/** What Discord takes at most of an embed (docs.discord.com, message resource, "Embed Limits"); more is refused as a bad request. */
export const DISCORD_LIMITS = {
  titleChars: 256,
  descriptionChars: 4_096,
  fields: 25,
  fieldNameChars: 256,
  fieldValueChars: 1_024,
  footerChars: 2_048,
  /** Of title, description, names and values of fields, and footer together. */
  totalChars: 6_000,
} as const;

const DAY_MS = 86_400_000;

/** What Markdown gives a meaning to anywhere: emphasis, code, spoilers, links, mentions. */
const ANYWHERE = /[\\*_~`|<>[\]@]/;
/** What it does at the beginning of a line, before a space or more of it: headings, small print, lists. */
const AT_BEGINNING = /^[#\-+][# ]/;

const escaped: ChatMarks['char'] = (char, index, chars) => {
  // An address becomes a link by itself.
  const makesLink = char === ':' && chars[index + 1] === '/';
  const makesBlock = index === 0 && AT_BEGINNING.test(`${char}${typeof chars[1] === 'string' ? chars[1] : ''}`);
  return ANYWHERE.test(char) || makesLink || makesBlock ? `\\${char}` : char;
};

/** For names and titles, in which Discord reads Markdown; at most so many UTF-16 units, escapes and all. */
export function discordTitle(text: string, charsMax: number): string {
  return escapedText(text, charsMax, { char: escaped });
}

/** For texts below them: their times are those of each reader's clock. */
export function discordMarkdown(text: string, charsMax: number): string {
  return escapedText(text, charsMax, { char: escaped, time: discordTime });
}

/** A line of links. */
export function discordLinks(links: readonly Link[]): string {
  return links.map(({ text, address }) => `[${discordTitle(text, DISCORD_LIMITS.titleChars)}](${address})`).join(' · ');
}

/** docs.discord.com, "Message Formatting": f is date and time, D the date, t and T the time without and with seconds. */
function discordTime({ from, to, seconds }: ToldTime): string {
  const moment = (time: number): string => (seconds ? `${mark(time, 'D')} ${mark(time, 'T')}` : mark(time, 'f'));
  if (to === undefined) return moment(from);
  return `${moment(from)}–${to - from < DAY_MS ? mark(to, seconds ? 'T' : 't') : moment(to)}`;
}

function mark(time: number, style: string): string {
  return `<t:${Math.floor(time / 1_000)}:${style}>`;
}

/** For where it reads none. */
export function discordText(text: string, charsMax: number): string {
  return escapedText(text, charsMax, { char: (char) => char });
}
