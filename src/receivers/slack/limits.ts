import { escapedText } from '../chat/escaped-text.ts';

/** What Slack's Block Kit takes at most (docs.slack.dev, block and composition object reference); more is refused as `invalid_blocks`. */
export const SLACK_LIMITS = {
  blocks: 50,
  headerChars: 150,
  sectionChars: 3_000,
  fields: 10,
  fieldChars: 2_000,
  contextElements: 10,
  /** Of any text object. */
  textChars: 3_000,
  /** Of the message's own text, which stands in notifications; Slack cuts it off beyond 40,000. */
  messageChars: 4_000,
} as const;

/** The three characters that Slack's text gives a meaning to. */
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** At most so many UTF-16 units, escapes and all. */
export function slackText(text: string, charsMax: number): string {
  return escapedText(text, charsMax, (char) => ESCAPES[char] ?? char);
}
