/** The words of a chat message, one file per language. */
import type { AlertLocale } from '../../alert-event.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';

export type ChatTexts = Readonly<Record<keyof typeof en, string>>;

export const chatTexts: Readonly<Record<AlertLocale, ChatTexts>> = { en, ko };
