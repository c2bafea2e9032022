/** Makes the receivers of a pipeline, with secrets from the environment. */
import type { LoadedPipeline, ReceiverConfig } from '../../config/pipeline-config.ts';
import { AppError } from '../../core/errors.ts';
import { receiverCatalog } from '../../receivers/catalog.ts';
import type { Match } from '../../receivers/match.ts';
import type { Receiver, ReceiverDeps, ReceiverKind } from '../../receivers/receiver.ts';
import { fillVariables, type Environment } from '../../receivers/variables.ts';

export interface OpenedReceiver {
  readonly name: string;
  readonly kind: string;
  /** Which alerts it is told of; undefined: all. */
  readonly match: Match | undefined;
  /** Absent where variables are missing. */
  readonly receiver?: Receiver;
  /** Environment variables that its settings name and that are not set. */
  readonly missing: readonly string[];
  /** It may be left out then. */
  readonly optional: boolean;
}

/** @throws AppError `config_invalid` for an address that is none */
export function openReceivers(config: LoadedPipeline, environment: Environment, deps: ReceiverDeps): OpenedReceiver[] {
  return config.receivers.map((each) => openReceiver(each, environment, deps));
}

function openReceiver({ name, kind, config, match }: ReceiverConfig, environment: Environment, deps: ReceiverDeps): OpenedReceiver {
  const { settings, missing } = fillVariables(config, environment);
  const optional = (settings as { optional?: boolean }).optional === true;
  if (missing.length > 0) return { name, kind, match, missing, optional };
  const catalog: Readonly<Record<string, ReceiverKind>> = receiverCatalog;
  return { name, kind, match, missing, optional, receiver: { ...catalog[kind]!.create(name, settings, deps), match } };
}

/**
 * Those that can be told.
 * @param needed a receiver that is not optional has to be there; else it is left out as if it were
 * @throws AppError `config_invalid` for one that is needed and lacks a variable
 */
export function usableReceivers(
  config: LoadedPipeline,
  opened: readonly OpenedReceiver[],
  { needed, onLeftOut }: { readonly needed: boolean; readonly onLeftOut: (message: string) => void },
): Receiver[] {
  return opened.flatMap(({ name, missing, optional, receiver }) => {
    if (receiver) return [receiver];
    if (needed && !optional) throw missingVariables(config, { name, missing, optional });
    if (needed) onLeftOut(`the receiver ${name} is left out: ${missingText(missing)}`);
    return [];
  });
}

/** For a receiver that has to be there; one that is optional is only when it is named. */
export function missingVariables(
  { file }: Pick<LoadedPipeline, 'file'>,
  { name, missing, optional }: Pick<OpenedReceiver, 'name' | 'missing' | 'optional'>,
): AppError {
  const where = `${file === undefined ? '' : `${file}: `}receivers.${name}`;
  const leaveOut = optional ? '' : ', or let the receiver be left out then: optional: true';
  return new AppError('config_invalid', `${where}: ${missingText(missing)}; set it before the start (export ${missing[0]}=…)${leaveOut}`);
}

export function missingText(missing: readonly string[], where = 'in the environment'): string {
  return `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set ${where}`;
}
