/** What the addresses of services have in common: `scheme://user:password@host…?ca=PATH`. */
import type { AppError } from './errors.ts';

/** Makes the error of the option that holds the address. */
export type Wrong = (found: string, expected: string, cause?: unknown) => AppError;

/** `user:password`, each percent-encoded; what is missing stays so. @throws what `wrong` makes, for a % that encodes nothing */
export function splitLogin(login: string | undefined, scheme: string, wrong: Wrong): [user?: string, password?: string] {
  if (login === undefined) return [];
  const colon = login.indexOf(':');
  const parts = colon === -1 ? [login] : [login.slice(0, colon), login.slice(colon + 1)];
  try {
    return parts.map(decodeURIComponent) as [string, string?];
  } catch (error) {
    throw wrong(`the user or password in ${scheme} has a % that encodes nothing`, '%25 for a %', error);
  }
}

/** The address as it may be shown. */
export function hideSecrets(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@');
}

/** The text of a file that a parameter (`ca`) names. @throws what `wrong` makes, where there is none or it is not PEM */
export function readPem(name: string, path: string, read: (path: string) => string, wrong: Wrong): string {
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    throw wrong(`${name}=${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, 'a file in PEM format', error);
  }
  if (!text.includes('-----BEGIN '))
    throw wrong(`${name}=${path} is not in PEM format`, 'a file with lines as -----BEGIN CERTIFICATE-----');
  return text;
}
