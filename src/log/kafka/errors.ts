/** What Kafka and the network say goes wrong: whether it passes, and in the words of our errors. */
import { AppError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { MultipleErrors } from './client.ts';

/** Kafka's names for what waiting, or asking another broker, mends. */
const PASSING = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'KAFKA_STORAGE_ERROR',
  'LISTENER_NOT_FOUND',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'CORRUPT_MESSAGE',
  'REASSIGNMENT_IN_PROGRESS',
]);

const DENIED = /AUTHORIZATION_FAILED$/;
/** As ECONNREFUSED; Node's own mistakes begin with ERR_. */
const SYSTEM = /^E(?!RR_)[A-Z_]+$/;
/** Node's codes of certificates that do not verify. */
const CERTIFICATE = /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** Kafka's own names of what is wrong (as in `NOT_LEADER_OR_FOLLOWER`), anywhere within the client's error. */
export function kafkaErrorIds(error: unknown): string[] {
  return chain(error).flatMap((each) => ('apiId' in each && typeof each.apiId === 'string' ? [each.apiId] : []));
}

/** Whether the same request may succeed later, or at another broker, without anyone mending anything. */
export function mayPass(error: unknown): boolean {
  const ours = chain(error).find((each) => each instanceof AppError);
  if (ours) return ours.retryable;
  if (isRefused(error)) return false;
  const ids = kafkaErrorIds(error);
  if (ids.length > 0) return ids.every((id) => PASSING.has(id));
  // A lost or refused connection, a time-out, a name that does not resolve. What is left is a bug of ours or of the client.
  return chain(error).some((each) => 'code' in each && (each.code === 'PLT_KFK_NETWORK' || SYSTEM.test(String(each.code))));
}

/** What the client says, as an error for the person at the terminal. `doing`: as in "append to ad-events/3". */
export function explainKafkaError(error: unknown, shown: string, doing: string): unknown {
  const found = chain(error);
  // What our own part of a login says within the client.
  const ours = found.find((each) => each instanceof AppError);
  if (ours) return ours;
  const ids = kafkaErrorIds(error);
  const says = (code: ErrorCode, text: string, retryable = false): AppError =>
    new AppError(code, `${shown}: ${text}`, { retryable, cause: error });
  if (found.some((each) => /Broker requires TLS|verify the broker supports TLS/.test(each.message))) {
    return says('log_refused', 'one side speaks TLS and the other does not. Set tls=true or tls=false in --log, or mend the port.');
  }
  const denied = ids.find((id) => DENIED.test(id));
  if (denied !== undefined && denied !== 'SASL_AUTHENTICATION_FAILED')
    return says('log_refused', `no permission to ${doing} (${denied}). ${grant(denied, doing)}`);
  if (ids.includes('SASL_AUTHENTICATION_FAILED') || found.some((each) => each.message.startsWith('SASL authentication failed'))) {
    return says(
      'log_refused',
      'the broker refused user and password. Check TOCSIN_KAFKA_USERNAME, TOCSIN_KAFKA_PASSWORD (or those in --log) and sasl= in --log; with sasl=oauthbearer the token.',
    );
  }
  if (ids.includes('UNSUPPORTED_SASL_MECHANISM')) {
    return says('log_refused', 'the broker does not take this way to log in. Set sasl= in --log to one that its listener has enabled.');
  }
  // The client takes any end of the connection before the login for this; it may be a broker that is just going down.
  if (ids.length === 0 && found.some((each) => each.message.startsWith('Cannot find a suitable SASL'))) {
    return says(
      'log_unavailable',
      `cannot ${doing}: the connection ends before the login. If the port speaks TLS, set tls=true in --log.`,
      true,
    );
  }
  if (ids.includes('ILLEGAL_SASL_STATE')) {
    return says(
      'log_refused',
      'the broker takes no login on this port. Leave sasl= and the user out of --log (and TOCSIN_KAFKA_USERNAME unset), or name the port of its SASL listener.',
    );
  }
  const certificate = found.find((each) => 'code' in each && CERTIFICATE.test(String(each.code)));
  if (certificate) {
    return says(
      'log_refused',
      `TLS failed: ${certificateText(certificate.message)}. Check tls=, ca=, cert= and key= in --log, and that the port speaks TLS.`,
    );
  }
  if (ids.includes('MESSAGE_TOO_LARGE') || ids.includes('RECORD_LIST_TOO_LARGE')) {
    return says(
      'record_too_large',
      `cannot ${doing}: larger than the broker takes. Raise max.message.bytes of the topic, or send smaller records.`,
    );
  }
  if (ids.includes('UNSUPPORTED_VERSION'))
    return says('log_refused', `the broker is too old to ${doing}. Tocsin needs Kafka 3.1 or newer: upgrade it, or name another in --log.`);
  if (ids.includes('THROTTLING_QUOTA_EXCEEDED'))
    return says('log_unavailable', `cannot ${doing} at once: a quota of the broker holds this client back (${ids[0]}).`, true);
  if (mayPass(error))
    return says(
      'log_unavailable',
      `cannot ${doing}: ${reason(found, ids)}. Is Kafka running there, and is --log right?${hint(found, ids)}`,
      true,
    );
  return ids.length > 0 ? says('log_refused', `cannot ${doing}: Kafka answered ${ids.join(', ')} (${messages(found)}).`) : error;
}

function isRefused(error: unknown): boolean {
  const ids = kafkaErrorIds(error);
  if (
    ids.some(
      (id) => DENIED.test(id) || id === 'SASL_AUTHENTICATION_FAILED' || id === 'UNSUPPORTED_SASL_MECHANISM' || id === 'ILLEGAL_SASL_STATE',
    )
  )
    return true;
  return chain(error).some(
    (each) =>
      /^SASL authentication failed|^Broker requires TLS|^TLS handshake failed/.test(each.message) ||
      ('code' in each && CERTIFICATE.test(String(each.code))),
  );
}

/** Node adds advice that is about Node. */
function certificateText(message: string): string {
  return message.trim().split('; if the root CA')[0]!;
}

/** A port of something else hangs up on what it does not understand, and we on what is no answer; so does a broker that is just going down. */
function hint(found: readonly Error[], ids: readonly string[]): string {
  const hungUp = ids.length === 0 && found.some((each) => each.message.startsWith('Connection closed'));
  return hungUp ? " It ended without an answer of Kafka's, as at a port that is not Kafka's." : '';
}

/** By what was being done: the operation of kafka-acls that allows it. */
const RIGHTS: readonly (readonly [doing: RegExp, right: string])[] = [
  [/^append to /, 'Write'],
  [/^(read the offsets of group|describe group) /, 'Describe'],
  [/^be a member of /, 'Read'],
  [/^read the offsets of /, 'Describe'],
  [/^read /, 'Read'],
  [/^begin to write/, 'Write'],
  [/^create /, 'Create'],
  [/^add partitions /, 'Alter'],
  [/^(change the settings|set the retention) /, 'AlterConfigs'],
];

function grant(id: string, doing: string): string {
  const right = RIGHTS.find(([what]) => what.test(doing))?.[1] ?? 'Describe';
  const resource = id.startsWith('TOPIC') ? 'topic' : id.startsWith('GROUP') ? 'consumer group' : 'cluster, or Write on one of its topics';
  // Kafka says the same of a topic that is not there to one who may not see it.
  const orMade =
    right === 'Describe' && id.startsWith('TOPIC')
      ? ' If the topic is not there yet, create it beforehand, or let this user Create it.'
      : '';
  return `This user lacks the right ${right} on the ${resource}: kafka-acls --add --operation ${right}.${orMade}`;
}

/** The error, what caused it, and what they are made of. */
function chain(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const parts = MultipleErrors.isMultipleErrors(error) || error instanceof AggregateError ? error.errors : [];
  return [error, ...[...parts, error.cause].flatMap(chain)];
}

function reason(found: readonly Error[], ids: readonly string[]): string {
  return ids[0] ?? messages(found);
}

/** The innermost message says most; it stands within a sentence. */
function messages(found: readonly Error[]): string {
  return (found.map((each) => each.message).findLast((message) => message !== '') ?? 'no reason given').replace(/\.$/, '');
}
