/** The words around an alert, one file per language. */
import type { AlertLocale } from '../alert-event.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';

export type Texts = Readonly<Record<keyof typeof en, string>>;

export const textsOf: Readonly<Record<AlertLocale, Texts>> = { en, ko };
