/** What judging records needs beside the log, made of the pipeline's spec alone: in every thread that judges, anew. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { createExplainFault, type ExplainFault } from '../../pipeline/aggregate/explain-fault.ts';
import type { EngineDeps } from '../../pipeline/engine.ts';
import { createEventCheck, type EventCheck } from '../../schemas/event-check.ts';
import { parseCombined } from '../../windows/decode/combined.ts';
import { parseJson, type CheckFields } from '../../windows/decode/decoder.ts';
import type { EngineSpec, SourceSpec } from '../../windows/spec.ts';

export function judgingDeps(
  spec: EngineSpec,
  clock: Pick<Clock, 'elapsed'>,
): Pick<EngineDeps, 'parse' | 'checks' | 'explain' | 'randomKey' | 'elapsed'> {
  const checks = new Map<string, CheckFields>();
  const explains = new Map<string, ExplainFault>();
  for (const source of spec.sources) {
    const check = (source.schema ?? source.versions) ? onFirstUse(source) : undefined;
    if (check) checks.set(source.name, (fields) => check().check(fields));
    explains.set(source.name, createExplainFault(spec, source, check));
  }
  return {
    parse: { json: parseJson, combined: parseCombined },
    checks,
    explain: (source, reason, text) => explains.get(source)?.(reason, text),
    randomKey: () => [randomBytes(4).readUInt32LE(), randomBytes(4).readUInt32LE()],
    elapsed: () => clock.elapsed(),
  };
}

/** Most records are judged without it, and compiling a schema takes a tenth of a second. That it is one was found when the file was read. */
function onFirstUse(source: SourceSpec): () => EventCheck {
  let check: EventCheck | undefined;
  return () => (check ??= createEventCheck(source)!);
}
