import { escapedText } from '../chat/escaped-text.ts';

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

/** What Markdown gives a meaning to anywhere: emphasis, code, spoilers, links, mentions. */
const ANYWHERE = /[\\*_~`|<>[\]@]/;
/** What it does at the beginning of a line, before a space or more of it: headings, small print, lists. */
const AT_BEGINNING = /^[#\-+][# ]/;

/** For where Discord reads Markdown; at most so many UTF-16 units, escapes and all. */
export function discordMarkdown(text: string, charsMax: number): string {
  return escapedText(text, charsMax, (char, index, chars) => {
    // An address becomes a link by itself.
    const makesLink = char === ':' && chars[index + 1] === '/';
    const makesBlock = index === 0 && AT_BEGINNING.test(char + (chars[1] ?? ''));
    return ANYWHERE.test(char) || makesLink || makesBlock ? `\\${char}` : char;
  });
}

/** For where it reads none. */
export function discordText(text: string, charsMax: number): string {
  return escapedText(text, charsMax, (char) => char);
}
