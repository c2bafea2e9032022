/** The address of Kafka, with its secrets from the environment. */
import { readFileSync } from 'node:fs';
import { hideSecrets, readPem, splitLogin } from '../../core/address.ts';
import { AppError } from '../../core/errors.ts';
import { tokenLogin, type TokenLogin } from './token.ts';

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
} as const;
const PARAMETERS = ['tls', 'ca', 'cert', 'key', 'servername', 'sasl'];
const DEFAULT_PORT = 9092;

export interface KafkaConfig {
  readonly brokers: readonly { readonly host: string; readonly port: number }[];
  /** PEM texts; `{}` trusts what Node trusts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string };
  readonly sasl?:
    | {
        readonly mechanism: Exclude<(typeof MECHANISMS)[keyof typeof MECHANISMS], 'OAUTHBEARER'>;
        readonly username: string;
        readonly password: string;
      }
    | TokenLogin;
  /** The address without secrets, for messages. */
  readonly shown: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `kafka://[user:password@]host[:port],host…?tls=true&ca=PATH&cert=PATH&key=PATH&servername=NAME&sasl=plain|scram-sha-256|scram-sha-512|oauthbearer`.
 * Secrets may come from the environment instead: TOCSIN_KAFKA_USERNAME and TOCSIN_KAFKA_PASSWORD; for OAUTHBEARER a token in
 * TOCSIN_KAFKA_TOKEN, or a file that something keeps fresh, named in TOCSIN_KAFKA_TOKEN_FILE.
 * A user without `sasl` means SCRAM-SHA-512 over TLS and PLAIN without.
 * @throws AppError `usage`
 */
export function parseKafkaUrl(url: string, env: Environment): KafkaConfig {
  const match = /^kafka:\/\/(?:([^@/?#]*)@)?([^@/?#]+)\/?(?:\?([^#]*))?$/.exec(url);
  if (!match) throw wrong(`${hideSecrets(url)} is not an address of Kafka`, 'expected kafka://HOST:PORT,HOST:PORT?tls=true&sasl=plain');
  const [, login, hosts = '', query = ''] = match;
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) throw wrong(`${name}= is not a setting of kafka://`, `there are ${PARAMETERS.join(', ')}`);
  }
  const tls = tlsOf(parameters);
  const shown = `kafka://${hosts}`;
  const sasl = saslOf(parameters.get('sasl'), login, tls !== undefined, env, shown);
  const brokers = hosts.split(',').map(brokerOf);
  return { brokers, ...(tls && { tls }), ...(sasl && { sasl }), shown };
}

function brokerOf(text: string): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? DEFAULT_PORT);
  if (!match || port < 1 || port > 65_535)
    throw wrong(`"${text}" is not HOST:PORT`, 'several are separated by commas, as in kafka://a:9092,b:9092');
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port };
}

function tlsOf(parameters: URLSearchParams): KafkaConfig['tls'] {
  const said = parameters.get('tls');
  if (said !== null && said !== 'true' && said !== 'false') throw wrong(`tls=${said}`, 'expected tls=true or tls=false');
  const files = ['ca', 'cert', 'key'].flatMap((name) => {
    const path = parameters.get(name);
    return path === null ? [] : [[name, readPem(name, path, (file) => readFileSync(file, 'utf8'), expects)] as const];
  });
  const servername = parameters.get('servername');
  const asked = files.length > 0 || servername !== null;
  if (said === 'false' && asked) throw wrong('tls=false together with ca, cert, key or servername', 'leave one of them out');
  if (said !== 'true' && !asked) return undefined;
  if (parameters.has('cert') !== parameters.has('key')) throw wrong('only one of cert= and key=', 'a client certificate needs both');
  return { ...Object.fromEntries(files), ...(servername !== null && { servername }) };
}

function saslOf(said: string | null, login: string | undefined, tls: boolean, env: Environment, shown: string): KafkaConfig['sasl'] {
  const [user, password] = splitLogin(login, 'kafka://', expects);
  const username = user ?? env['TOCSIN_KAFKA_USERNAME'];
  const name = said?.toLowerCase() ?? (username === undefined ? undefined : tls ? 'scram-sha-512' : 'plain');
  if (name === undefined) return undefined;
  const mechanism = MECHANISMS[name as keyof typeof MECHANISMS];
  if (!mechanism) throw wrong(`sasl=${said}`, `expected one of ${Object.keys(MECHANISMS).join(', ')}`);
  if (mechanism === 'OAUTHBEARER') return tokenLogin(env, shown);
  const secret = password ?? env['TOCSIN_KAFKA_PASSWORD'];
  if (username === undefined || secret === undefined) {
    throw wrong(
      `sasl=${name} needs a user and a password`,
      'set TOCSIN_KAFKA_USERNAME and TOCSIN_KAFKA_PASSWORD, or write kafka://USER:PASSWORD@HOST',
    );
  }
  return { mechanism, username, password: secret };
}

function wrong(found: string, expected: string, cause?: unknown): AppError {
  return new AppError('usage', `--log: ${found}; ${expected}.`, { cause });
}

function expects(found: string, expected: string, cause?: unknown): AppError {
  return wrong(found, `expected ${expected}`, cause);
}
