/** What Redis or the way to it says, for the person who must mend it. */
import { AppError } from '../../core/errors.ts';

const CERTIFICATE = /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** Answers of Redis by their first words: what is wrong and how to mend it. `true`: waiting may help as well. */
const ANSWERS: readonly (readonly [begins: RegExp, message: (found: string) => string, mayPass: boolean])[] = [
  [
    /^WRONGPASS|^ERR invalid password|^ERR AUTH /,
    () => 'refused user or password. Check TOCSIN_REDIS_PASSWORD (and TOCSIN_REDIS_USERNAME), or those in --hot-store',
    false,
  ],
  [/^NOAUTH/, () => 'wants a password and got none. Set TOCSIN_REDIS_PASSWORD, or write redis://USER:PASSWORD@HOST in --hot-store', false],
  [
    /^NOPERM/,
    (found) => `gives this user too few rights (${found}). Grant them with ACL SETUSER: all commands on the keys of the prefix`,
    false,
  ],
  [
    /^ERR (DB index is out of range|invalid DB index)/,
    () => 'has no such database. Take a number below its setting `databases` (16 unless set), as in --hot-store redis://HOST:6379/0',
    false,
  ],
  [
    /^ERR unknown command/,
    (found) => `is too old (${found}). Expected Redis 6 or newer: upgrade it, or name another in --hot-store`,
    false,
  ],
  [
    /^TOCSIN_OWNER /,
    (found) =>
      `already holds the rows of the pipeline "${found.slice(13)}" under these keys. Give this one others: ?prefix=NAME in --hot-store`,
    false,
  ],
  [/^WRONGTYPE/, () => 'holds something else under the names of our keys. Take others with ?prefix=NAME in --hot-store', false],
  [
    /^OOM/,
    () =>
      'is out of memory. Raise its `maxmemory`, or keep less: a shorter ?ttl= in --hot-store, fewer segments. New rows wait here meanwhile',
    true,
  ],
  [/^READONLY/, () => 'is a replica, which takes no rows. Name the primary in --hot-store', true],
  [/^MISCONF/, () => 'takes no rows because it cannot save them to its disk: look at its log', true],
  [/^LOADING/, () => 'is still loading its data', true],
  [/^(BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)/, (found) => `is not ready (${found})`, true],
  [/^Unknown RESP type/, () => 'does not speak as Redis does. Name the port of Redis in --hot-store', false],
  [/^(CROSSSLOT|MOVED|ASK)/, () => 'is a cluster. Expected a single Redis, or a primary with replicas', false],
];

/** An AppError: `hot_store_unavailable` where waiting may help, `hot_store_refused` where somebody must mend something. */
export function redisTrouble(error: unknown, shown: string): AppError {
  if (error instanceof AppError) return error;
  const { message: found, code } = causeOf(error);
  const answer = ANSWERS.find(([begins]) => begins.test(found));
  if (answer) return says(`${shown} ${answer[1](found)}.`, answer[2], error);
  if (CERTIFICATE.test(code ?? '')) return says(`${shown}: ${tlsText(code!, found)}.`, false, error);
  // One that speaks no TLS waits for the end of what it takes for a command; one that does closes.
  const hint = shown.startsWith('rediss:')
    ? /timeout|ETIMEDOUT/i.test(found) && ' If it speaks no TLS, write redis:// in --hot-store.'
    : /closed unexpectedly|ECONNRESET/.test(found) && ' If it speaks TLS, write rediss:// in --hot-store.';
  return says(
    `${shown} cannot be reached (${code ?? found}). Check the address in --hot-store and that Redis runs.${hint || ''}`,
    true,
    error,
  );
}

function says(message: string, mayPass: boolean, cause: unknown): AppError {
  return new AppError(mayPass ? 'hot_store_unavailable' : 'hot_store_refused', `Redis at ${message}`, { retryable: mayPass, cause });
}

function tlsText(code: string, found: string): string {
  if (/WRONG_VERSION|PACKET_LENGTH|EPROTO/.test(code))
    return `no TLS is spoken there (${code}). Write redis:// in --hot-store, or name the TLS port`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `its certificate is for another name (${found}). Use that name, or say ?servername=NAME in --hot-store`;
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired. Renew it';
  return `its certificate does not verify (${code}). Name the authority that signed it with ?ca=PATH in --hot-store`;
}

/** The innermost error that says something: several addresses of one name fail together, for instance. */
function causeOf(error: unknown): { message: string; code?: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (!(error instanceof Error)) return { message: String(error) };
  const code = (error as NodeJS.ErrnoException).code;
  return { message: error.message, ...(typeof code === 'string' && { code }) };
}
