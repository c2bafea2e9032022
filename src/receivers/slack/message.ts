/** An alert as a Slack message: header, fields, why, links, and a line that names it. */
import type { AlertEvent } from '../alert-event.ts';
import { alertFacts, nameText, whyTexts } from '../chat/facts.ts';
import { alertLinks } from '../chat/links.ts';
import { chatTexts } from '../chat/text/texts.ts';
import type { ReceiverDeps } from '../receiver.ts';
import { SLACK_LIMITS, slackLinks, slackMarkup, slackText } from './limits.ts';

interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji: true;
}
interface Markdown {
  readonly type: 'mrkdwn';
  readonly text: string;
  /** Slack makes no links or mentions out of what looks like some: labels come from events. What is written as a link or a date is one. */
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

export function slackMessage(alert: AlertEvent, { locale, pageUrl }: Pick<ReceiverDeps, 'locale' | 'pageUrl'>): SlackMessage {
  const texts = chatTexts[locale];
  const links = slackLinks(alertLinks(alert, pageUrl, texts), SLACK_LIMITS.sectionChars);
  const facts = alertFacts(alert, texts, SLACK_LIMITS.fields);
  return {
    text: slackText(alert.message, SLACK_LIMITS.messageChars),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: slackText(alert.message, SLACK_LIMITS.headerChars), emoji: true } },
      { type: 'section', fields: facts.map(([name, value]) => field(name, value)) },
      { type: 'section', text: markdown(slackMarkup(whyTexts(alert, texts).join(' '), SLACK_LIMITS.sectionChars)) },
      ...(links === '' ? [] : [{ type: 'section', text: markdown(links) } as const]),
      { type: 'context', elements: [markdown(slackText(nameText(alert, texts), SLACK_LIMITS.textChars))] },
    ],
  };
}

function field(name: string, value: string): Markdown {
  const title = `*${slackText(name, 200)}:*\n`;
  return markdown(title + slackMarkup(value, SLACK_LIMITS.fieldChars - title.length));
}

function markdown(text: string): Markdown {
  return { type: 'mrkdwn', text, verbatim: true };
}
