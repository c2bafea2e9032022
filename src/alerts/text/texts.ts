/** The sentences of alerts, one file per language. `{name}` stands for a value. */
import type { AlertLocale } from '../../receivers/alert-event.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';

export type TextKey = keyof typeof en;
export type Texts = Readonly<Record<TextKey, string>>;

export const textsOf: Readonly<Record<AlertLocale, Texts>> = { en, ko };

/** Titles of alert types that have one of their own; the others are called by their measure and direction. */
export function titleKey(alertType: string, direction: 'down' | 'up', texts: Texts): TextKey {
  const own = `title.${alertType}`;
  if (Object.hasOwn(texts, own)) return own as TextKey;
  return direction === 'down' ? 'title.drop' : 'title.spike';
}

/** Fills a template in one pass: a value that looks like a placeholder stays as it is. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}
