/** How far files have been read into a topic. A file is known by its content: by what it begins with, and what stands before the position. */
import { open, stat } from 'node:fs/promises';
import type { Log, StateChange } from '../../log/log.ts';
import { fromStateEntries, toStateChanges } from '../../pipeline/state-codec.ts';
import { decompress, recognise } from '../../sources/file/decompress.ts';
import { openLines } from '../../sources/file/lines.ts';
import { rotatedFiles } from '../../sources/file/rotated.ts';
import { sha256, TRAIL_BYTES, type LineResume } from '../../sources/file/trail.ts';
import { WRITABLE_STATE } from './server.ts';

/** Pipes and devices have no position. */
export async function isRegularFile(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true;
}

/** `topic`: its name in the data directory's own log, its id elsewhere. */
function prefixOf(topic: string): string {
  return `${WRITABLE_STATE}${topic}/`;
}

/** Where an earlier ingest into the topic came to in this file; the furthest, where it began with several. */
export async function knownPosition(log: Pick<Log, 'state'>, topic: string, path: string): Promise<LineResume | undefined> {
  const prefix = prefixOf(topic);
  const known = fromStateEntries(prefix, await log.state(prefix)).map(([, value]) => value as LineResume);
  if (known.length === 0) return undefined;
  const head = await contentHead(path);
  const hashes = new Map<number, string>();
  const hashOf = (length: number): string => {
    const hash = hashes.get(length) ?? sha256(head.subarray(0, length));
    hashes.set(length, hash);
    return hash;
  };
  return known
    .filter(({ headLength, headHash }) => headLength > 0 && headLength <= head.length && hashOf(headLength) === headHash)
    .reduce<LineResume | undefined>((furthest, each) => (furthest && furthest.position >= each.position ? furthest : each), undefined);
}

export interface RotatedPosition {
  readonly path: string;
  readonly known: LineResume;
}

/** The same of the youngest file that this one was rotated into and that is known. */
export async function rotatedPosition(log: Pick<Log, 'state'>, topic: string, path: string): Promise<RotatedPosition | undefined> {
  for (const rotated of (await rotatedFiles(path)).toReversed()) {
    const known = await knownPosition(log, topic, rotated.path);
    if (known) return { path: rotated.path, known };
  }
  return undefined;
}

/** Whether lines stand behind the position; a file that cannot be read is for its own reading to tell. */
export async function hasMore({ path, known }: RotatedPosition): Promise<boolean> {
  const rest = openLines({ path }, { resume: known, chunkLines: 1 });
  try {
    return (await rest.next()).done !== true;
  } catch {
    return false;
  } finally {
    await rest.return(undefined);
  }
}

/** State to commit with the records. While less than a head's length is read, the key grows with the content: `before` goes. */
export function positionChange(topic: string, resume: LineResume, before: LineResume | undefined): StateChange[] {
  const moved = before && before.headHash !== resume.headHash ? ([[before.headHash, null]] as const) : [];
  return toStateChanges(prefixOf(topic), [...moved, [resume.headHash, resume]]);
}

/** The first bytes of the decompressed content, at most as many as a fingerprint takes. A fault in them is for the reading to tell. */
async function contentHead(path: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    const handle = await open(path, 'r');
    try {
      const first = Buffer.alloc(TRAIL_BYTES);
      const { bytesRead } = await handle.read(first, 0, first.length, 0);
      const start = first.subarray(0, bytesRead);
      const compression = recognise(start.subarray(0, 4)) ?? 'plain';
      if (compression === 'plain') return start;
      for await (const part of decompress(handle.createReadStream({ start: 0, autoClose: false }), compression, { stepBytes: 4_096 })) {
        parts.push(part);
        bytes += part.length;
        if (bytes >= TRAIL_BYTES) break;
      }
    } finally {
      await handle.close();
    }
  } catch {
    // A broken or unreadable file: what could be read is compared, the reading itself tells the fault.
  }
  return Buffer.concat(parts).subarray(0, TRAIL_BYTES);
}
