/** What ClickHouse or the way to it says, for the person who must mend it. */
import { ClickHouseError } from '@clickhouse/client';
import { AppError, type ErrorCode } from '../../core/errors.ts';

/** Where the store is and which database it is in: the words of a message. */
export interface Place {
  /** Without a password. */
  readonly url: string;
  readonly database: string;
}

interface Answer {
  readonly codes: readonly number[];
  readonly says: (found: string, place: Place) => string;
  /** Waiting may help: `olap_unavailable`. Else somebody must mend something: `olap_refused`, or the code named. */
  readonly mayPass?: true;
  readonly as?: ErrorCode;
}

/** By ClickHouse's own codes (`SELECT * FROM system.errors`). */
const ANSWERS: readonly Answer[] = [
  {
    codes: [192, 193, 194, 516],
    says: () =>
      'refused user or password. Check TOCSIN_CLICKHOUSE_PASSWORD (and TOCSIN_CLICKHOUSE_USERNAME), or the address in --olap-store',
  },
  {
    codes: [497],
    says: (found, { database }) =>
      `gives this user too few rights (${found}). Grant them: GRANT SELECT, INSERT, ALTER, CREATE, DROP ON ${database}.* TO the user; docs/clickhouse.md has all of it`,
  },
  {
    codes: [81],
    says: (_, { database }) =>
      `has no database ${database}. Create it (CREATE DATABASE ${database}), or name another one in --olap-store http://HOST:8123/DATABASE`,
  },
  { codes: [164], says: () => 'lets this user read only. Give it a profile without `readonly` (to read alone: `readonly = 2`)' },
  {
    codes: [8, 16, 47, 53, 181],
    says: (found, { database }) =>
      `has tables of another shape in database ${database} (${found}). Name a database of Tocsin's own in --olap-store http://HOST:8123/DATABASE`,
    as: 'data_format',
  },
  {
    codes: [252],
    says: () =>
      'has too many parts to merge and takes no more for now. If it lasts: give it faster disks, or raise `parts_to_throw_insert` of the tables',
    mayPass: true,
  },
  {
    codes: [241, 173],
    says: () => 'is out of memory. If it lasts: raise `max_server_memory_usage`, or `max_memory_usage` of the user',
    mayPass: true,
  },
  { codes: [243], says: () => 'has no space left on its disk. Free some, or keep less: ?keep=14d in --olap-store', mayPass: true },
  { codes: [201, 202], says: () => 'has too many queries at a time. If it lasts: raise `max_concurrent_queries`', mayPass: true },
  {
    codes: [242, 319],
    says: () => 'takes no rows for now: its table is read-only. With replicas, look at ClickHouse Keeper',
    mayPass: true,
  },
  { codes: [159, 160, 209, 210, 394, 425, 999], says: (found) => `did not finish (${found})`, mayPass: true },
  // Dropped under us: made anew at the next attempt.
  { codes: [60, 218], says: (found) => `lacks a table (${found}); it is made again`, mayPass: true },
];
const CERTIFICATE = /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** An AppError: `olap_unavailable` where waiting may help, `olap_refused` or `data_format` where somebody must mend something. */
export function clickHouseTrouble(error: unknown, place: Place): AppError {
  if (error instanceof AppError) return error;
  const found = firstLine(error);
  if (error instanceof ClickHouseError) {
    const answer = ANSWERS.find(({ codes }) => codes.includes(Number(error.code)));
    const text = answer?.says(found, place) ?? `refused: ${found} (code ${error.code})`;
    const code = answer?.as ?? (answer?.mayPass ? 'olap_unavailable' : 'olap_refused');
    return says(code, `${place.url} ${text}`, error);
  }
  const code = codeOf(error);
  if (CERTIFICATE.test(code ?? '')) return says('olap_refused', `${place.url}: ${tlsText(code!, found)}`, error);
  if (/is for clickhouse-client program|Parse Error|Expected HTTP/.test(found)) {
    return says(
      'olap_refused',
      `${place.url} does not speak HTTP. Name the port of ClickHouse's HTTP interface: 8123, or 8443 for https`,
      error,
    );
  }
  const hint =
    /socket hang up|ECONNRESET/.test(`${code} ${found}`) && place.url.startsWith('http:') ? ' If it speaks TLS, write https://.' : '';
  const what = `cannot be reached (${code ?? found}). Check the address in --olap-store and that ClickHouse runs.${hint}`;
  return says('olap_unavailable', `${place.url} ${what}`, error);
}

function says(code: ErrorCode, text: string, cause: unknown): AppError {
  return new AppError(code, `The OLAP store at ${text.replace(/\.$/, '')}.`, { retryable: code === 'olap_unavailable', cause });
}

function tlsText(code: string, found: string): string {
  if (/WRONG_VERSION|PACKET_LENGTH|EPROTO/.test(code))
    return `no TLS is spoken there (${code}). Write http:// in --olap-store, or name the TLS port`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another name (${found}). Use that name in --olap-store`;
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired. Renew it';
  return `its certificate does not verify (${code}). Name the authority that signed it with ?ca=PATH in --olap-store`;
}

/** ClickHouse adds stack and query to what it says. */
function firstLine(error: unknown): string {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return (inner instanceof Error ? inner.message : String(inner)).split('\n')[0]!.trim().slice(0, 300);
}

function codeOf(error: unknown): string | undefined {
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const code = (inner as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
