/** Logging in with a token (OAUTHBEARER): from the environment, or from a file that something keeps fresh. */
import { readFileSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import type { ConnectionOptions } from './client.ts';

export interface TokenLogin {
  readonly mechanism: 'OAUTHBEARER';
  /** Read anew for each connection: tokens live for minutes. @throws AppError `log_unavailable` for a file that is gone just now */
  readonly token: () => string;
  /** What the broker says of a token; nothing where it takes it. It says why it does not in words of its own, not in a code. */
  readonly authBytesValidator: NonNullable<NonNullable<ConnectionOptions['sasl']>['authBytesValidator']>;
}

/** @throws AppError `usage` where there is no token, or no file of one */
export function tokenLogin(env: Readonly<Record<string, string | undefined>>, shown: string): TokenLogin {
  const fixed = env['TOCSIN_KAFKA_TOKEN'] || undefined;
  const file = env['TOCSIN_KAFKA_TOKEN_FILE'] || undefined;
  if (fixed === undefined && file === undefined) {
    throw wrong(
      'sasl=oauthbearer needs a token; set TOCSIN_KAFKA_TOKEN, or TOCSIN_KAFKA_TOKEN_FILE with the path of a file that is kept fresh',
    );
  }
  if (fixed === undefined) {
    const fault = read(file!).fault;
    if (fault !== undefined) throw wrong(`TOCSIN_KAFKA_TOKEN_FILE=${file} ${fault}; expected the path of a file with a token in it`);
  }
  let wasAccepted = false;

  function refusal(why: string): AppError {
    const says = `${shown}: the broker refused the token (${why}). It may have expired, or be meant for another broker:`;
    // A file that was right before is being written anew by something; what was never right waits in vain.
    if (fixed === undefined && wasAccepted) {
      return new AppError('log_unavailable', `${says} ${file} is read again for each attempt.`, { retryable: true });
    }
    return new AppError('log_refused', `${says} put a new one into ${fixed === undefined ? file : 'TOCSIN_KAFKA_TOKEN'}.`);
  }

  return {
    mechanism: 'OAUTHBEARER',
    token() {
      if (fixed !== undefined) return fixed;
      const { token, fault } = read(file!);
      if (fault === undefined) return token;
      throw new AppError('log_unavailable', `${shown}: no token to log in with: TOCSIN_KAFKA_TOKEN_FILE=${file} ${fault}.`, {
        retryable: true,
      });
    },
    authBytesValidator(bytes, callback) {
      if (bytes.length > 0) return callback(refusal(statusOf(bytes)));
      wasAccepted = true;
      callback(null, bytes);
    },
  };
}

function read(file: string): { readonly token: string; readonly fault?: string } {
  try {
    const token = readFileSync(file, 'utf8').trim();
    return token === '' ? { token, fault: 'is empty' } : { token };
  } catch (error) {
    return { token: '', fault: `cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}

/** `{"status":"invalid_token"}`, by RFC 7628. */
function statusOf(bytes: Buffer): string {
  try {
    const { status } = JSON.parse(bytes.toString()) as { status?: unknown };
    if (typeof status === 'string') return status.slice(0, 100);
  } catch {
    // Not as the standard has it: it is a refusal all the same.
  }
  return 'it did not say why';
}

function wrong(text: string): AppError {
  return new AppError('usage', `--log: ${text}.`);
}
