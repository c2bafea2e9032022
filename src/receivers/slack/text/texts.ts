/** The words of a Slack message, one file per language. */
import type { AlertLocale } from '../../alert-event.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';

export type SlackTexts = Readonly<Record<keyof typeof en, string>>;

export const slackTexts: Readonly<Record<AlertLocale, SlackTexts>> = { en, ko };
