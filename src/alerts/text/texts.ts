/** The sentences of alerts, one file per language. `{name}` stands for a value. */
import type { AlertLocale } from '../../receivers/alert-event.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';

export type TextKey = keyof typeof en;
export type Texts = Readonly<Record<TextKey, string>>;

export const textsOf: Readonly<Record<AlertLocale, Texts>> = { en, ko };

/** Alert types that have a title of their own. A file may call an alert `resolved` or `no_data` too: those titles mean something else. */
const TITLED = ['ctr_drop', 'ctr_spike', 'traffic_spike', 'revenue_drop'] as const;

/** An alert type without a title of its own is called by its measure and direction. */
export function titleKey(alertType: string, direction: 'down' | 'up'): TextKey {
  const own = TITLED.find((type) => type === alertType);
  if (own) return `title.${own}`;
  return direction === 'down' ? 'title.drop' : 'title.spike';
}

/** Fills a template in one pass: a value that looks like a placeholder stays as it is. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}
