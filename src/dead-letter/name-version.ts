/** A record that names another version of its schema than it did: how dead letters are held against the one that fits them. */

/** The record with `field` set to `version`, all else as it was; undefined where it is no JSON object, or nested too deep to be written again. */
export function nameVersion(payload: Uint8Array, field: string, version: string): Buffer | undefined {
  try {
    const record: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
    return Buffer.from(JSON.stringify({ ...record, [field]: version }));
  } catch {
    return undefined;
  }
}
