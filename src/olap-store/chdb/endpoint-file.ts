/** `DIR/olap.json`: where the embedded store of a running Tocsin answers, and with which passwords. Only its owner may read it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Account, Accounts } from './access.ts';

export interface EndpointFile {
  readonly url: string;
  readonly database: string;
  /** For Tocsin itself. */
  readonly owner: Account;
  /** For Grafana, curl and other readers. */
  readonly reader: Account;
  /** Of the engine's process. */
  readonly pid: number;
}

export function endpointPath(dir: string): string {
  return path.join(dir, 'olap.json');
}

export function writeEndpoint(dir: string, endpoint: { url: string; database: string; accounts: Accounts; pid: number }): void {
  const { url, database, accounts, pid } = endpoint;
  const content: EndpointFile = { url, database, owner: accounts.owner, reader: accounts.reader, pid };
  const temporary = `${endpointPath(dir)}.${pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, endpointPath(dir));
}

/** Undefined where there is none; what stands there may be left over from a process that was killed. */
export function readEndpoint(dir: string): EndpointFile | undefined {
  try {
    return JSON.parse(readFileSync(endpointPath(dir), 'utf8')) as EndpointFile;
  } catch {
    return undefined;
  }
}

export function removeEndpoint(dir: string): void {
  rmSync(endpointPath(dir), { force: true });
}
