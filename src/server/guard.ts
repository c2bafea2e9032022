/**
 * Who may talk to the server. On loopback: programs of this machine and the server's own pages, never a page of another origin nor a
 * name rebound to 127.0.0.1. With a key: whoever shows it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HttpProblem } from './problem.ts';

export interface GuardConfig {
  /** The server listens on this machine's own address only. */
  readonly loopback: boolean;
  readonly apiKey?: string;
}

/** Paths that say nothing but whether the server is well. */
const OPEN_PATHS = new Set(['/healthz', '/readyz']);
const LOOPBACK_HOST = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

export type Guard = (request: { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders }) => void;

/** The guard throws HttpProblem 401 or 403. */
export function createGuard({ loopback, apiKey }: GuardConfig): Guard {
  const key = apiKey === undefined ? undefined : digest(apiKey);
  return ({ method, path, headers }) => {
    const host = headers.host ?? '';
    if (loopback && !LOOPBACK_HOST.test(host)) {
      throw new HttpProblem(
        403,
        `found the Host ${quoted(host)}; expected localhost or 127.0.0.1, as this server listens on loopback. For other names: --listen on another address, with an API key`,
      );
    }
    refuseForeignPages(method, host, headers);
    if (key === undefined || OPEN_PATHS.has(path)) return;
    const given = keyIn(headers.authorization);
    if (given === undefined || !timingSafeEqual(digest(given), key)) {
      const found = given === undefined ? 'no API key' : 'a wrong API key';
      throw new HttpProblem(401, `found ${found}; expected the header Authorization: Bearer KEY`, {
        // Basic, with the key as its password, so that a browser asks for it and gives it to the live stream too. A line each: of several in one
        // line Chromium knows the first alone.
        'www-authenticate': ['Basic realm="Tocsin"', 'Bearer realm="Tocsin"'],
      });
    }
  };
}

function refuseForeignPages(method: string, host: string, headers: IncomingHttpHeaders): void {
  const { origin } = headers;
  if (origin !== undefined && !sameHost(origin, host)) {
    throw new HttpProblem(403, `found the Origin ${quoted(origin)}; only pages of this server may ask it`);
  }
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  // A link from elsewhere, say from an alert in a chat, may lead here.
  if (method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document') return;
  throw new HttpProblem(403, 'a page of another origin asked; only pages of this server may');
}

function sameHost(origin: string, host: string): boolean {
  const url = URL.parse(origin);
  return url !== null && /^https?:$/.test(url.protocol) && URL.parse(`${url.protocol}//${host}`)?.host === url.host;
}

function keyIn(authorization: string | undefined): string | undefined {
  const [, scheme, credentials] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (scheme === undefined || credentials === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return credentials;
  const text = Buffer.from(credentials, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

/** Comparing digests takes as long for a near miss as for a far one. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
