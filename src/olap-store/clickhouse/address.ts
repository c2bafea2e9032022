/** The address of the OLAP store, as `--olap-store` has it. */
import { readFileSync } from 'node:fs';
import { hideSecrets, readPem } from '../../core/address.ts';
import { formatDuration, parseDuration } from '../../core/duration.ts';
import { AppError } from '../../core/errors.ts';
import { DEFAULT_RETENTION, type Retention } from './retention.ts';

export interface OlapEndpoint {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** PEM of the authority that signed the server's certificate; undefined: those that Node trusts. */
  readonly ca?: Buffer;
}

export type OlapAddress =
  | { readonly kind: 'none' }
  | { readonly kind: 'embedded'; readonly retention: Retention }
  | { readonly kind: 'server'; readonly endpoint: OlapEndpoint; readonly database: string; readonly retention: Retention };

type Environment = Readonly<Record<string, string | undefined>>;

const DATABASE = 'tocsin';
const KEEP = { keep: 'windowsMs', keep_hours: 'hoursMs', keep_days: 'daysMs' } as const;

/**
 * `none`; `embedded`; `http://[user:password@]host[:port][/database]`, or `https://` with `?ca=PATH`. User and password may come from
 * TOCSIN_CLICKHOUSE_USERNAME and TOCSIN_CLICKHOUSE_PASSWORD instead. How long rows are kept: `?keep=30d&keep_hours=365d&keep_days=forever`.
 * @throws AppError `usage`
 */
export function parseOlapAddress(text: string, env: Environment): OlapAddress {
  if (text === 'none') return { kind: 'none' };
  const [start, query = ''] = split(text, '?');
  const parameters = new URLSearchParams(query);
  const isServer = start !== 'embedded';
  const known = [...Object.keys(KEEP), ...(isServer ? ['ca'] : [])];
  const url = isServer ? URL.parse(text) : null;
  if (isServer && (!url || !/^https?:$/.test(url.protocol) || url.hostname === '')) {
    throw wrong(`${hideSecrets(text)} is no OLAP store`, 'embedded, none, or an address such as http://USER:PASSWORD@HOST:8123/DATABASE');
  }
  for (const name of parameters.keys()) {
    if (!known.includes(name)) throw wrong(`${name}= is not a setting of it`, `one of ${known.join(', ')}`);
  }
  const retention = retentionOf(parameters);
  if (!url) return { kind: 'embedded', retention };
  const database = decode(url.pathname.replace(/^\/|\/$/g, '')) || DATABASE;
  if (!/^[A-Za-z_]\w{0,63}$/.test(database)) {
    throw wrong(`the database ${JSON.stringify(database)}`, 'letters, digits and _, as in http://HOST:8123/tocsin');
  }
  const ca = parameters.get('ca');
  if (ca !== null && url.protocol !== 'https:') throw wrong('ca= is for TLS', 'https:// with it');
  const endpoint: OlapEndpoint = {
    url: `${url.protocol}//${url.host}`,
    username: decode(url.username) || env['TOCSIN_CLICKHOUSE_USERNAME'] || 'default',
    password: decode(url.password) || env['TOCSIN_CLICKHOUSE_PASSWORD'] || '',
    ...(ca !== null && { ca: Buffer.from(readPem('ca', ca, (file) => readFileSync(file, 'utf8'), wrong)) }),
  };
  return { kind: 'server', endpoint, database, retention };
}

function retentionOf(parameters: URLSearchParams): Retention {
  const found: Record<string, number> = {};
  for (const [name, field] of Object.entries(KEEP)) {
    const text = parameters.get(name);
    if (text === null) continue;
    const ms = text === 'forever' ? Infinity : (parseDuration(text) ?? 0);
    if (ms < 86_400_000) throw wrong(`${name}=${text}`, `a day or more, as in ${name}=30d, or ${name}=forever`);
    found[field] = ms;
  }
  const retention = { ...DEFAULT_RETENTION, ...found };
  // Windows have to be there when an hour is rolled up, and hours when a day is.
  if (retention.hoursMs < retention.windowsMs || retention.daysMs < retention.hoursMs) {
    const shown = Object.values(retention).map((ms) => (ms === Infinity ? 'forever' : formatDuration(ms)));
    throw wrong(
      `keep=${shown[0]}, keep_hours=${shown[1]} and keep_days=${shown[2]}`,
      'hours kept as long as windows or longer, and days as long as hours',
    );
  }
  return retention;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw wrong('the address has a % that encodes nothing', '%25 for a %', error);
  }
}

function split(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function wrong(found: string, expected: string, cause?: unknown): AppError {
  return new AppError('usage', `--olap-store: found ${found}; expected ${expected}.`, { cause });
}
