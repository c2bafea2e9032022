/** A record that names another version of its schema than it did: how dead letters are held against the one that fits them. */

/** The record with `field` set to `version`, all else as it was; undefined where it is no JSON object. */
export function nameVersion(payload: Uint8Array, field: string, version: string): Buffer | undefined {
  let record: unknown;
  try {
    record = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
  return Buffer.from(JSON.stringify({ ...record, [field]: version }));
}
