/** Addresses of receivers: http or https, and never shown whole, since the path of a webhook is its password. */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { hasVariable, variableFault } from '../variables.ts';

/** Text that may hold `${NAME}`. What stands in its place is not repeated: it may be a secret, or a part of one. */
export const secretText = z
  .string({ error: ({ input }) => (input === undefined ? 'expected a text' : 'found something else; expected a text') })
  .min(1, 'expected a text')
  .max(4_096, 'found a longer text; expected at most 4096 characters')
  .superRefine((text, context) => {
    const fault = variableFault(text);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

/** Judged when the file is loaded, or, where it holds a variable, when that is filled in. */
export const addressText = secretText.superRefine((text, context) => {
  const fault = hasVariable(text) ? undefined : addressFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

export const optionalField = z
  .boolean()
  .default(false)
  .describe('`true`: left out, with a note, where an environment variable that it names is not set; else that is an error.');

/** @throws AppError `config_invalid` */
export function parseAddress(receiver: string, text: string): URL {
  const fault = addressFault(text);
  if (fault !== undefined) throw new AppError('config_invalid', `receivers.${receiver}.url: ${fault}`);
  return new URL(text);
}

function addressFault(text: string): string | undefined {
  const url = URL.parse(text);
  const expected = 'expected an address that starts with https:// or http://';
  // The text itself is not repeated: it may be a secret that lacks its beginning.
  if (!url) return `found a text of ${text.length} characters that is no address; ${expected}`;
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `found an address that starts with ${url.protocol}; ${expected}`;
  if (url.username !== '' || url.password !== '') {
    return 'found a user name or password in the address; expected none: put them into a header';
  }
  return undefined;
}
