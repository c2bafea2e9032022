/** `--listen HOST:PORT`. */
import { AppError } from '../core/errors.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Reached from this machine only. */
  readonly loopback: boolean;
}

const EXPECTED = 'expected HOST:PORT such as 127.0.0.1:8000, [::1]:8000 or 0.0.0.0:8000, or none';

/** @throws AppError `usage` */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw new AppError('usage', `--listen ${text}: ${EXPECTED}`);
  return { host, port, loopback: /^(localhost|::1|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i.test(host) };
}

/** As `--listen` and addresses of the web have it. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * What is reached from other machines needs a key.
 * @throws AppError `usage`
 */
export function requireKey({ host, port, loopback }: ListenAddress, apiKey: string | undefined): void {
  if (apiKey !== undefined && !/^[\x21-\x7e]{16,512}$/.test(apiKey)) {
    throw new AppError(
      'usage',
      'the API key is too short or has odd characters; expected 16 to 512 printable ASCII characters without spaces',
    );
  }
  if (loopback || apiKey !== undefined) return;
  throw new AppError(
    'usage',
    `--listen ${hostAndPort(host, port)} is reached from other machines and needs an API key: set TOCSIN_API_KEY (openssl rand -hex 24 makes one), ` +
      `or listen on 127.0.0.1:${port}`,
  );
}
