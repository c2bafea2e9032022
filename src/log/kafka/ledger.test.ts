import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createLedger, epochRecord } from './ledger.ts';
import type { Ledger, LedgerRecord } from './ledger.ts';

interface Stored extends LedgerRecord {
  readonly offset: number;
}

type Changes = ReadonlyMap<string, Uint8Array | null>;

interface Owner {
  readonly view: Ledger;
  next: number;
  fenced: boolean;
  sent?: { readonly records: readonly LedgerRecord[]; readonly changes: Changes; readonly epoch: number; offset?: number };
}

/** A partition, its owners one after the other and at once, and what the state must be: the changes of who owned it when they were appended. */
function createWorld(): {
  open(): void;
  send(owner: number, changes: Changes): void;
  arrive(owner: number): void;
  answer(owner: number): void;
  compact(share: number, dropTombstones: boolean): void;
  check(): void;
} {
  let log: Stored[] = [];
  let end = 0;
  let epoch = -1;
  const state = new Map<string, string>();
  const owners: Owner[] = [];

  function append(records: readonly LedgerRecord[]): number {
    const first = end;
    for (const record of records) log.push({ ...record, offset: end++ });
    return first;
  }

  function takeIn(view: Ledger, from: number, to: number): void {
    for (const record of log) if (record.offset >= from && record.offset < to) view.take(record.offset, record);
  }

  function pick(i: number): Owner | undefined {
    return owners.length === 0 ? undefined : owners[i % owners.length];
  }

  return {
    open() {
      const view = createLedger();
      epoch = append([epochRecord(`o${owners.length}`)]);
      takeIn(view, 0, end);
      owners.push({ view, next: end, fenced: false });
    },

    send(i, changes) {
      const owner = pick(i);
      if (!owner || owner.fenced || owner.sent) return;
      owner.sent = { records: owner.view.records(changes), changes, epoch: owner.view.epoch() };
    },

    arrive(i) {
      const sent = pick(i)?.sent;
      if (!sent || sent.offset !== undefined) return;
      sent.offset = append(sent.records);
      if (sent.epoch !== epoch) return;
      for (const [name, value] of sent.changes) {
        if (value === null) state.delete(name);
        else state.set(name, Buffer.from(value).toString());
      }
    },

    answer(i) {
      const owner = pick(i);
      const sent = owner?.sent;
      if (!owner || sent?.offset === undefined) return;
      takeIn(owner.view, owner.next, sent.offset);
      delete owner.sent;
      owner.fenced = owner.view.epoch() !== sent.epoch;
      if (owner.fenced) return;
      for (const [n, record] of sent.records.entries()) owner.view.take(sent.offset + n, record);
      owner.next = sent.offset + sent.records.length;
      if (sent.epoch === epoch) assert.deepEqual(plain(owner.view), sorted(state), 'the owner knows the state');
    },

    /** As the broker does it: of the first part of the log the last record of each key stays, tombstones for a while. */
    compact(share, dropTombstones) {
      const until = Math.floor(end * share);
      const last = new Map(log.filter(({ offset }) => offset < until).map(({ key, offset }) => [key, offset]));
      log = log.filter(({ key, offset, value }) => offset >= until || (last.get(key) === offset && !(dropTombstones && value === null)));
    },

    check() {
      const fresh = createLedger();
      takeIn(fresh, 0, end);
      assert.deepEqual(plain(fresh), sorted(state), 'whoever reads the partition finds the state');
    },
  };
}

function plain(view: Ledger): [string, string][] {
  return sorted(new Map([...view.entries()].map(([name, value]) => [name, Buffer.from(value!).toString()])));
}

function sorted(state: ReadonlyMap<string, string>): [string, string][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}

const anyChanges = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c|0|d'), fc.option(fc.string({ maxLength: 2 }), { freq: 3 })), { minLength: 1, maxLength: 3 })
  .map((list) => new Map(list.map(([name, value]) => [name, value === null ? null : Buffer.from(value)])));
const anyOwner = fc.nat(5);
const anyStep = fc.oneof(
  { weight: 2, arbitrary: fc.constant(['open'] as const) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('send' as const), anyOwner, anyChanges) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('arrive' as const), anyOwner) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('answer' as const), anyOwner) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('compact' as const), fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()) },
);

test('the state is that of the owners in force, whatever former owners still write, whatever is lost, and however it is compacted', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
      const world = createWorld();
      world.open();
      for (const step of steps) {
        if (step[0] === 'open') world.open();
        else if (step[0] === 'send') world.send(step[1], step[2]);
        else if (step[0] === 'arrive') world.arrive(step[1]);
        else if (step[0] === 'answer') world.answer(step[1]);
        else world.compact(step[1], step[2]);
        world.check();
      }
    }),
    { numRuns: 3_000 },
  );
});

test('what was superseded, deleted or written in vain is cleaned up, so that a ledger does not grow', () => {
  const log: Stored[] = [];
  const append = (view: Ledger, records: readonly LedgerRecord[]): void => {
    for (const record of records) {
      log.push({ ...record, offset: log.length });
      view.take(log.length - 1, record);
    }
  };
  for (let n = 0; n < 50; n++) {
    const view = createLedger();
    for (const record of log) view.take(record.offset, record);
    append(view, [epochRecord(`o${n}`)]);
    for (const value of ['1', '2', null, '3', n % 2 === 0 ? null : '4']) {
      append(view, view.records(new Map([[`name${n % 5}`, value === null ? null : Buffer.from(value)]])));
    }
    append(view, view.records(new Map([['last', Buffer.from(`${n}`)]])));
  }
  const kept = new Map(log.map(({ key, value }) => [key, value]));
  const left = [...kept].filter(([key, value]) => value !== null && !key.startsWith('epoch|'));
  // Two names that have a value and `last`, in two slots at most.
  assert.ok(left.length <= 8, `${left.length} records are left: ${left.map(([key]) => key).join(' ')}`);
});

test('an empty value is one, and what is deleted twice is written once', () => {
  const view = createLedger();
  view.take(0, epochRecord('o'));
  const write = (name: string, value: Uint8Array | null): number => {
    const records = view.records(new Map([[name, value]]));
    for (const record of records) view.take(1, record);
    return records.length;
  };
  write('empty', new Uint8Array(0));
  assert.deepEqual(
    [...view.entries()].map(([name, value]) => [name, value?.length]),
    [['empty', 0]],
  );
  assert.ok(write('empty', null) > 0);
  write('empty', null);
  assert.equal(write('empty', null), 0);
  assert.equal(write('never', null), 0);
});

test('what was let go of is not held, and is superseded and deleted as ever', () => {
  const view = createLedger();
  view.take(0, epochRecord('o'));
  const write = (value: string | null): void => {
    for (const record of view.records(new Map([['ids', value === null ? null : Buffer.from(value)]]))) view.take(1, record);
  };
  write('many');
  view.letGo('ids');
  assert.deepEqual([...view.entries()], [['ids', undefined]]);
  assert.throws(() => view.get('ids'), /does not hold ids/);
  write('more');
  assert.equal(Buffer.from(view.get('ids')!).toString(), 'more');
  view.letGo('ids');
  write(null);
  view.letGo('ids');
  assert.deepEqual([...view.entries()], []);
});
