/** What judging records needs beside the log, made of the pipeline's spec alone: in every thread that judges, anew. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { EngineDeps } from '../../pipeline/engine.ts';
import { createEventCheck } from '../../schemas/event-check.ts';
import { parseCombined } from '../../windows/decode/combined.ts';
import { parseJson, type CheckFields } from '../../windows/decode/decoder.ts';
import type { EngineSpec, SourceSpec } from '../../windows/spec.ts';

export function judgingDeps(
  { sources }: Pick<EngineSpec, 'sources'>,
  clock: Pick<Clock, 'elapsed'>,
): Pick<EngineDeps, 'parse' | 'checks' | 'randomKey' | 'elapsed'> {
  const checks = new Map<string, CheckFields>();
  for (const source of sources) {
    if (source.schema ?? source.versions) checks.set(source.name, onFirstUse(source));
  }
  return {
    parse: { json: parseJson, combined: parseCombined },
    checks,
    randomKey: () => [randomBytes(4).readUInt32LE(), randomBytes(4).readUInt32LE()],
    elapsed: () => clock.elapsed(),
  };
}

/** Most records are judged without it, and compiling a schema takes a tenth of a second. That it is one was found when the file was read. */
function onFirstUse(source: SourceSpec): CheckFields {
  let check: CheckFields | undefined;
  return (value) => (check ??= createEventCheck(source)!)(value);
}
