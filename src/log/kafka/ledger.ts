/**
 * A ledger: state by name, as records of one partition of a compacted topic, with one owner at a time. No I/O here.
 *
 * Who takes the ledger over appends an epoch record; its offset is the epoch's number. Of each name two records may be there at once, in
 * slots 0 and 1, under keys that hold the epoch. The owner writes to the slot that is not live, and only after its last write was
 * acknowledged. So what a former owner still writes (void, as it stands behind a newer epoch record) never has the key of a record
 * that is live, and compaction, which keeps the last record of each key, takes nothing live away. For the same reason records are
 * erased (with tombstones) only once what supersedes them was acknowledged. Epoch records stay for ever.
 */
export interface LedgerRecord {
  readonly key: string;
  /** Null: a tombstone, which lets compaction take the key away. */
  readonly value: Uint8Array | null;
}

interface Live {
  readonly epoch: number;
  readonly slot: 0 | 1;
  /** Null: deleted, and said so by a record of its own. Undefined: let go of. */
  value: Uint8Array | null | undefined;
}

export interface Ledger {
  /** The epoch that is in force: offset of the last epoch record; -1: none yet. */
  epoch(): number;
  /** Takes in the next record of the partition, whoever wrote it. */
  take(offset: number, record: LedgerRecord): void;
  /** Null and undefined: there is none. Not to be asked for what was let go of. */
  get(name: string): Uint8Array | null | undefined;
  /** Undefined: let go of. */
  entries(): Iterable<[name: string, value: Uint8Array | undefined]>;
  /** Holds the value no longer in memory; it stands in the partition as before. */
  letGo(name: string): void;
  /** The records that make these changes, and clean up; for the owner, one batch. To be given to `take` once they are in the log. */
  records(changes: ReadonlyMap<string, Uint8Array | null>): LedgerRecord[];
}

const EPOCH = 'epoch|';
const ENTRY = /^(\d+)\|([01])\|(.*)$/s;
/** First byte of a value. */
const DELETED = 0;
const PRESENT = 1;
/** So that a batch stays small when much has to be cleaned up. */
const MAX_TOMBSTONES = 1_000;

/** `owner`: random, so that the record has a key of its own. */
export function epochRecord(owner: string): LedgerRecord {
  return { key: `${EPOCH}${owner}`, value: new Uint8Array([PRESENT]) };
}

export function isEpochRecord({ key }: LedgerRecord): boolean {
  return key.startsWith(EPOCH);
}

export function createLedger(): Ledger {
  let epoch = -1;
  const live = new Map<string, Live>();
  /** Keys in the partition that are not live, by name. */
  const stale = new Map<string, Set<string>>();
  /** Names with something to clean up. */
  const untidy = new Set<string>();

  function keyOf(name: string, { epoch: written, slot }: Pick<Live, 'epoch' | 'slot'>): string {
    return `${written}|${slot}|${name}`;
  }

  function tidyLater(name: string): void {
    if (keysToErase(name).length > 0) untidy.add(name);
    else untidy.delete(name);
  }

  function markStale(name: string, key: string): void {
    const keys = stale.get(name) ?? new Set();
    stale.set(name, keys.add(key));
  }

  function unmarkStale(name: string, key: string): void {
    const keys = stale.get(name);
    keys?.delete(key);
    if (keys?.size === 0) stale.delete(name);
  }

  /** The other slot of the current epoch is kept for the next write, unless the name is gone. */
  function keysToErase(name: string): string[] {
    const now = live.get(name);
    const keys = [...(stale.get(name) ?? [])];
    if (now?.value === null) return [...keys, keyOf(name, now)];
    return now ? keys.filter((key) => Number(ENTRY.exec(key)![1]) < epoch) : keys;
  }

  function takeEntry(name: string, key: string, written: number, slot: 0 | 1, value: Uint8Array | null): void {
    const before = live.get(name);
    const beforeKey = before && keyOf(name, before);
    if (value === null) {
      if (beforeKey === key) live.delete(name);
      unmarkStale(name, key);
    } else if (written !== epoch) {
      if (beforeKey !== key) markStale(name, key);
    } else {
      if (beforeKey !== undefined && beforeKey !== key) markStale(name, beforeKey);
      unmarkStale(name, key);
      live.set(name, { epoch: written, slot, value: value[0] === DELETED ? null : value.subarray(1) });
    }
    tidyLater(name);
  }

  return {
    epoch: () => epoch,

    take(offset, { key, value }) {
      if (key.startsWith(EPOCH)) {
        epoch = offset;
        return;
      }
      const entry = ENTRY.exec(key);
      if (entry) takeEntry(entry[3]!, key, Number(entry[1]), entry[2] === '0' ? 0 : 1, value);
    },

    get(name) {
      const found = live.get(name);
      if (found && found.value === undefined) throw new Error(`the ledger does not hold ${name} any more`);
      return found?.value;
    },

    letGo(name) {
      const found = live.get(name);
      if (found?.value) found.value = undefined;
    },

    *entries() {
      for (const [name, { value }] of live) if (value !== null) yield [name, value];
    },

    records(changes) {
      const written: LedgerRecord[] = [];
      const keys = new Set<string>();
      for (const [name, value] of changes) {
        const now = live.get(name);
        if (value === null && (now === undefined || now.value === null)) continue;
        const slot = now?.epoch === epoch && now.slot === 0 ? 1 : 0;
        const key = keyOf(name, { epoch, slot });
        keys.add(key);
        written.push({ key, value: value === null ? new Uint8Array([DELETED]) : Buffer.concat([new Uint8Array([PRESENT]), value]) });
      }
      const erased: LedgerRecord[] = [];
      for (const name of untidy) {
        if (erased.length >= MAX_TOMBSTONES) break;
        for (const key of keysToErase(name)) if (!keys.has(key)) erased.push({ key, value: null });
      }
      return [...written, ...erased];
    },
  };
}
