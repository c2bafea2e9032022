import { readFileSync } from 'node:fs';
import { parseDuration } from '../../core/duration.ts';
import { hideSecrets, readPem, splitLogin } from '../../core/address.ts';
import { AppError } from '../../core/errors.ts';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
  /** PEM texts; `{}` trusts what Node trusts. Undefined: no TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string };
  /** What keys begin with. */
  readonly prefix?: string;
  /** ms */
  readonly ttlMs?: number;
  /** The address without secrets, for messages. */
  readonly shown: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 6379;
const TLS_FILES = ['ca', 'cert', 'key'] as const;
const PARAMETERS = ['prefix', 'ttl', ...TLS_FILES, 'servername'];

/**
 * `redis://[user:password@]host[:port][/database][?prefix=TEXT&ttl=DURATION]`; `rediss://` for TLS, with
 * `ca=PATH&cert=PATH&key=PATH&servername=NAME`. User and password may come from the environment instead:
 * TOCSIN_REDIS_USERNAME and TOCSIN_REDIS_PASSWORD.
 * @throws AppError `usage`
 */
export function parseRedisUrl(url: string, env: Environment): RedisAddress {
  const match = /^redis(s?):\/\/(?:([^@/?#]*)@)?(\[[0-9a-fA-F:.]+\]|[^:@/?#[\]]+)(?::(\d{1,5}))?(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url);
  const port = Number(match?.[4] ?? DEFAULT_PORT);
  if (!match || port < 1 || port > 65_535) {
    throw wrong(
      `${hideSecrets(url)} is not an address of Redis`,
      'expected redis://[USER:PASSWORD@]HOST:PORT/DATABASE, or rediss:// for TLS',
    );
  }
  const [, secure, login, host = '', , path = '', query = ''] = match;
  if (!/^\d*$/.test(path)) throw wrong(`/${path} is not a database of Redis`, 'expected its number, as in redis://HOST:6379/0');
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) throw wrong(`${name}= is not a setting of redis://`, `there are ${PARAMETERS.join(', ')}`);
  }
  const tls = tlsOf(parameters, secure === 's');
  const [user, secret] = splitLogin(login, 'redis://', expects);
  const username = user || env['TOCSIN_REDIS_USERNAME'];
  const password = secret ?? env['TOCSIN_REDIS_PASSWORD'];
  const prefix = prefixOf(parameters);
  const ttlMs = ttlOf(parameters);
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port,
    database: Number(path),
    shown: `redis${secure}://${host}:${port}${path && `/${path}`}`,
    ...(username && { username }),
    ...(password && { password }),
    ...(tls && { tls }),
    ...(prefix !== undefined && { prefix }),
    ...(ttlMs !== undefined && { ttlMs }),
  };
}

function tlsOf(parameters: URLSearchParams, secure: boolean): RedisAddress['tls'] {
  const named = [...TLS_FILES, 'servername'].filter((name) => parameters.has(name));
  if (!secure && named.length > 0) throw wrong(`${named[0]}= is for TLS`, 'expected rediss:// with it');
  if (!secure) return undefined;
  if (parameters.has('cert') !== parameters.has('key')) throw wrong('only one of cert= and key=', 'a client certificate needs both');
  const files = TLS_FILES.flatMap((name) => {
    const path = parameters.get(name);
    return path === null ? [] : [[name, readPem(name, path, (file) => readFileSync(file, 'utf8'), expects)] as const];
  });
  const servername = parameters.get('servername');
  return { ...Object.fromEntries(files), ...(servername !== null && { servername }) };
}

function prefixOf(parameters: URLSearchParams): string | undefined {
  const prefix = parameters.get('prefix') ?? undefined;
  if (prefix !== undefined && !/^[\w.:-]{1,64}$/.test(prefix)) {
    throw wrong(`prefix=${prefix}`, 'expected up to 64 letters, digits and . : _ -');
  }
  return prefix;
}

function ttlOf(parameters: URLSearchParams): number | undefined {
  const text = parameters.get('ttl');
  if (text === null) return undefined;
  const ttlMs = parseDuration(text);
  if (!ttlMs) throw wrong(`ttl=${text}`, 'expected a duration above 0, as in ttl=1h');
  return ttlMs;
}

function wrong(found: string, expected: string, cause?: unknown): AppError {
  return new AppError('usage', `--hot-store: ${found}; ${expected}.`, { cause });
}

function expects(found: string, expected: string, cause?: unknown): AppError {
  return wrong(found, `expected ${expected}`, cause);
}
