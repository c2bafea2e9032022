/**
 * The projector's kernel: WebAssembly made from `kernel/projector` (AssemblyScript; its `main.ts` says what each call does) by
 * `scripts/build-kernel.ts`. Each instance has a memory of its own.
 */
import { readFileSync } from 'node:fs';
import { openKernel } from '../../core/wasm-kernel.ts';

/** What the kernel asks of JavaScript: `kernel/host.ts`. */
export interface KernelHost {
  numberAt(from: number, to: number): number;
  minuteAt(from: number): number;
  timeAt(from: number, to: number, isText: number): number;
  textHolds(test: number, from: number, to: number): number;
  spell(value: number, to: number): number;
}

/** Truth values are 0 and 1. Views over the memory's buffer are void once it has grown. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  take(bytes: number): number;
  begin(fieldCount: number, words: number, recordBytesMax: number): void;
  nameField(at: number, length: number): void;
  codeField(field: number, learns: number, slots: number): void;
  resolveField(field: number, isFirst: number): void;
  entryOf(field: number, at: number, length: number): number;
  setEntryBits(field: number, entry: number, bits: number): void;
  noteEntry(field: number, entry: number, slot: number, note: number): void;
  forgetSlot(field: number, slot: number): void;
  clearEntries(field: number): void;
  entryCount(field: number): number;
  heldBytes(field: number): number;
  entryAddress(field: number, entry: number): number;
  entryLength(field: number, entry: number): number;
  setLiteralBits(field: number, ofTrue: number, ofFalse: number, ofNull: number): void;
  /** For all numbers from `least` to `most`. */
  setNumberBits(field: number, least: number, most: number, bits: number): void;
  addWhere(field: number, bits: number): void;
  addLookup(by: number, field: number, slot: number): void;
  setEvent(id: number, time: number, timeUnit: number, zoneMs: number, version: number, versionSlot: number): void;
  addDemand(isClosed: number): void;
  addFurther(field: number): void;
  addRule(field: number, kinds: number, oneOf: number): void;
  demandLength(least: number, most: number): void;
  demandUuid(): void;
  demandTime(): void;
  demandTest(test: number): void;
  demandPattern(next: number, accepts: number, test: number): void;
  demandNumber(isWhole: number, minimum: number, maximum: number, above: number, below: number, multipleOf: number): void;
  addDimension(field: number, slot: number): void;
  addFeed(adds: number, field: number): void;
  addFeedTest(field: number, bits: number): void;
  allocateColumns(capacity: number): void;
  endsColumn(): number;
  outcomesColumn(): number;
  timesColumn(): number;
  idLowColumn(): number;
  idHighColumn(): number;
  codesColumn(dimension: number): number;
  valuesColumn(feed: number): number;
  hashLowColumn(feed: number): number;
  hashHighColumn(feed: number): number;
  entriesColumn(feed: number): number;
  decode(base: number, first: number, last: number, bytesAreCharacters: number): number;
}

/** @returns undefined where none can be had: a processor without SIMD. @throws a kernel fault where no 8 GB of addresses (not of memory) are left */
export function openProjectorKernel(host: KernelHost): Kernel | undefined {
  return openKernel(readFileSync(new URL('./kernel.wasm', import.meta.url)), { host }) as Kernel | undefined;
}
