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
const ELLIPSIS = '…';

/**
 * Escaped, and cut so that the result has at most so many UTF-16 units (so whatever Slack counts, it is not more); no escape and
 * no character is cut in two. Control characters become spaces; never empty, which Slack refuses.
 */
export function slackText(text: string, charsMax: number): string {
  const clean = text.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, ' ').trim();
  const whole = clean.replace(/[&<>]/g, (char) => ESCAPES[char]!);
  if (whole.length <= charsMax) return whole === '' ? '-' : whole;
  let cut = '';
  for (const char of clean) {
    const part = ESCAPES[char] ?? char;
    if (cut.length + part.length > charsMax - ELLIPSIS.length) break;
    cut += part;
  }
  return cut + ELLIPSIS;
}
