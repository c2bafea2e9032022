/** Who may talk to the embedded store: only programs on this machine that know a password, never a page in a browser. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export type Role = 'owner' | 'reader';

export interface Account {
  readonly username: string;
  readonly password: string;
}
export type Accounts = Readonly<Record<Role, Account>>;

const LOOPBACK_HOST = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i;

/**
 * False for a request that a web page could have sent: a `Host` that is not loopback (a name rebound to 127.0.0.1), an `Origin` that
 * is not, or a browser's own word that it comes from elsewhere.
 */
export function isLocalRequest(headers: IncomingMessage['headers']): boolean {
  if (headers.host === undefined || !LOOPBACK_HOST.test(headers.host)) return false;
  if (headers['sec-fetch-site'] === 'cross-site') return false;
  const origin = headers.origin;
  return origin === undefined || LOOPBACK_HOST.test(/^https?:\/\/(.*)$/i.exec(origin)?.[1] ?? '');
}

/** Given as ClickHouse takes them: Basic auth, X-ClickHouse-User and -Key, or user and password in the address; undefined: none given. */
export function credentialsOf(headers: IncomingMessage['headers'], query: URLSearchParams): Account | undefined {
  const basic = /^Basic\s+([A-Za-z0-9+/=_-]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon === -1 ? { username: text, password: '' } : { username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  const user = headers['x-clickhouse-user'];
  if (typeof user === 'string') return { username: user, password: String(headers['x-clickhouse-key'] ?? '') };
  if (query.has('user')) return { username: query.get('user') ?? '', password: query.get('password') ?? '' };
  return undefined;
}

export function roleOf(given: Account, accounts: Accounts): Role | undefined {
  return (['owner', 'reader'] as const).find((role) => {
    const sameName = sameText(given.username, accounts[role].username);
    return sameText(given.password, accounts[role].password) && sameName;
  });
}

/** Takes as long for a near miss as for a far one. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
