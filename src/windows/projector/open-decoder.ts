/** The decoder of a source: over bytes where it can be, else the reference; what both yield is the same. */
import { isKernelFault } from '../../core/wasm-kernel.ts';
import type { SourceRules } from './event-rules.ts';
import type { Decoder } from '../decode/columns.ts';
import { createDecoder, type DecoderDeps } from '../decode/decoder.ts';
import type { Plan } from '../plan.ts';
import type { SourceSpec } from '../spec.ts';
import { openKernelMemory } from './kernel-memory.ts';
import { projectionOf, type Projection } from './projection.ts';
import { createProjector } from './projector.ts';

export interface OpenDecoderDeps extends DecoderDeps {
  /** Of the source's events; or, as a text, what there is in its schema that rules cannot state. */
  readonly rules: SourceRules | string;
  /** Told once, when reading over bytes got no memory, or no more: from then on the reference reads, several times slower, with the same verdicts. */
  readonly onSlower?: () => void;
}

export function openDecoder(plan: Plan, source: SourceSpec, { rules, onSlower, ...deps }: OpenDecoderDeps): Decoder {
  const reference = createDecoder(plan, source, deps);
  const projection = fastPathOf(plan, source, rules);
  if (typeof projection === 'string') return reference;
  try {
    const memory = openKernelMemory(source.event.timeUnit);
    if (memory === undefined) return reference;
    return createProjector(plan, source, projection, { memory, reference, idKey: deps.idKey, ...(onSlower && { onKernelLost: onSlower }) });
  } catch (error) {
    if (!isKernelFault(error)) throw error;
    onSlower?.();
    return reference;
  }
}

/** How the source is read over bytes; or, as a text, why it is not. */
export function fastPathOf(plan: Plan, source: SourceSpec, rules: SourceRules | string): Projection | string {
  if (source.decoder === 'plain') return 'decoder: plain';
  if (source.event.wholeIds) return 'dedup_compare: whole';
  if (source.format !== 'json') return `format: ${source.format}`;
  return typeof rules === 'string' ? rules : projectionOf(plan, source, rules);
}
