/** An alert's record in the words of a reader: the same facts, said in another language than the pipeline's. */
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import type { LimitKind } from '../windows/limit-episodes.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import { alertWords, withWords, type AlertWords } from './alert-words.ts';
import { textsOf } from './text/texts.ts';
import { lagWords } from './lag-alert.ts';
import { limitWords } from './limit-alert.ts';

export const LOCALES = Object.keys(textsOf) as readonly AlertLocale[];

export type SaidIn = <Event extends AlertEvent>(event: Event, locale: AlertLocale) => Event;

/**
 * `measures`: of the pipeline as it runs now. A record whose measure is no longer among them, or that lacks what the words need,
 * stays as it was written: one record that somebody else put into the topic must not hide all the others.
 */
export function saidInOf(measures: readonly MeasureSpec[]): SaidIn {
  const byName = new Map(measures.map((measure) => [measure.name, measure]));

  function wordsOf(event: AlertEvent, locale: AlertLocale): AlertWords | undefined {
    if (event.detector === 'lag') return lagWords(event, locale);
    if (event.detector === 'limits') return isLimit(event.measure) ? limitWords(event, event.measure, locale) : undefined;
    const measure = byName.get(event.measure);
    return measure && alertWords(event, measure, locale);
  }

  return (event, locale) => {
    const words = wordsIfWhole(event, locale);
    const likely_causes = event.likely_causes_in?.[locale] ?? event.likely_causes;
    return words ? { ...withWords(event, words), likely_causes } : event;
  };

  function wordsIfWhole(event: AlertEvent, locale: AlertLocale): AlertWords | undefined {
    try {
      return wordsOf(event, locale);
    } catch (error) {
      // A field that is not there, of another type, or no time.
      if (error instanceof TypeError || error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

function isLimit(measure: string): measure is LimitKind {
  return measure === 'series' || measure === 'ids';
}
