import type { DeadLetter } from '../../../src/dead-letter/dead-letter.ts';
import { fill, type TextKey, type Texts } from '../i18n/texts.ts';

/** What the code says, in words: `missing:country` -> `country is missing`; undefined where the code says all there is. */
export function reasonText(reason: DeadLetter['reason'], texts: Texts): string | undefined {
  const [kind = '', ...field] = reason.split(':');
  const key = `reason.${kind}`;
  return Object.hasOwn(texts, key) ? fill(texts[key as TextKey], { field: field.join(':') }) : undefined;
}
