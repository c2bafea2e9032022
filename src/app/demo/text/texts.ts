/** The demo's own sentences, one file per language. */
import type { AlertLocale } from '../../../receivers/alert-event.ts';
import { en, type DemoTexts } from './en.ts';
import { ko } from './ko.ts';

export const textsOf: Readonly<Record<AlertLocale, DemoTexts>> = { en, ko };
