/** What judging records needs beside the log, made of the pipeline's spec alone: in every thread that judges, anew. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { EngineDeps } from '../pipeline/engine.ts';
import { createEventCheck } from '../schemas/event-check.ts';
import { parseCombined } from '../windows/combined.ts';
import { parseJson, type CheckFields } from '../windows/decoder.ts';
import type { EngineSpec } from '../windows/spec.ts';

export function judgingDeps(
  { sources }: Pick<EngineSpec, 'sources'>,
  clock: Pick<Clock, 'elapsed'>,
): Pick<EngineDeps, 'parse' | 'checks' | 'randomKey' | 'elapsed'> {
  const checks = new Map<string, CheckFields>();
  for (const source of sources) {
    const check = createEventCheck(source);
    if (check) checks.set(source.name, check);
  }
  return {
    parse: { json: parseJson, combined: parseCombined },
    checks,
    randomKey: () => [randomBytes(4).readUInt32LE(), randomBytes(4).readUInt32LE()],
    elapsed: () => clock.elapsed(),
  };
}
