/** An alert as a Slack message: header, fields, why, and a line that names it. */
import type { AlertEvent, AlertLocale } from '../alert-event.ts';
import { alertFacts, nameText, whyTexts } from '../chat/facts.ts';
import { chatTexts } from '../chat/text/texts.ts';
import { SLACK_LIMITS, slackText } from './limits.ts';

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

export function slackMessage(alert: AlertEvent, locale: AlertLocale): SlackMessage {
  const texts = chatTexts[locale];
  const facts = alertFacts(alert, texts, SLACK_LIMITS.fields);
  return {
    text: slackText(alert.message, SLACK_LIMITS.messageChars),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: slackText(alert.message, SLACK_LIMITS.headerChars), emoji: true } },
      { type: 'section', fields: facts.map(([name, value]) => field(name, value)) },
      { type: 'section', text: markdown(slackText(whyTexts(alert, texts).join(' '), SLACK_LIMITS.sectionChars)) },
      { type: 'context', elements: [markdown(slackText(nameText(alert, texts), SLACK_LIMITS.textChars))] },
    ],
  };
}

function field(name: string, value: string): Markdown {
  const title = `*${slackText(name, 200)}:*\n`;
  return markdown(title + slackText(value, SLACK_LIMITS.fieldChars - title.length));
}

function markdown(text: string): Markdown {
  return { type: 'mrkdwn', text, verbatim: true };
}
