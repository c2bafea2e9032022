import { timeText, UTC, type ToldTime } from '../../core/told-time.ts';
import { escapedText } from '../chat/escaped-text.ts';
import type { Link } from '../chat/links.ts';

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

const DAY_MS = 86_400_000;

/** The three characters that Slack's text gives a meaning to. */
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const escaped = (char: string): string => ESCAPES[char] ?? char;

/** For where Slack knows no markup; at most so many UTF-16 units, escapes and all. */
export function slackText(text: string, charsMax: number): string {
  return escapedText(text, charsMax, { char: escaped });
}

/** For where it does: its times are those of each reader's clock. */
export function slackMarkup(text: string, charsMax: number): string {
  return escapedText(text, charsMax, { char: escaped, time: slackTime });
}

/** Links that fit, whole; empty where there are none. */
export function slackLinks(links: readonly Link[], charsMax: number): string {
  let line = '';
  for (const { text, address } of links) {
    const link = `${line === '' ? '' : ' · '}<${slackText(address, Infinity)}|${slackText(text, Infinity)}>`;
    if (line.length + link.length <= charsMax) line += link;
  }
  return line;
}

function slackTime({ from, to, seconds }: ToldTime): string {
  const clock = seconds ? '{time_secs}' : '{time}';
  const start = dateOf(from, `{date_num} ${clock}`, seconds);
  if (to === undefined) return start;
  return `${start}–${dateOf(to, to - from < DAY_MS ? clock : `{date_num} ${clock}`, seconds)}`;
}

/** docs.slack.dev, "Formatting message text"; who cannot show it shows the text behind the line. */
function dateOf(time: number, format: string, seconds: boolean): string {
  return `<!date^${Math.floor(time / 1_000)}^${format}|${timeText(time, UTC, seconds)}>`;
}
