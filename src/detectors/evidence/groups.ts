/**
 * Roll-ups and their members. A roll-up is forecast by the sum of its members' forecasts, so a shift of the mix is no news.
 * The members' forecasts follow a common shift at once; the roll-up's does not: it is the one to tell it.
 */
import type { Labels } from '../../core/labels.ts';
import type { GroupMemory } from './common-group.ts';
import type { CommonMode } from './common-mode.ts';
import { NO_NEWCOMERS, standIn } from './newcomers.ts';
import type { NewcomersMemory, RollUpSum } from './newcomers.ts';

/** While nothing rings, a roll-up takes its members' common offset for the usual one after about so many of the longest spans. */
const FOLLOW_SPANS = 2;
/** Roll-ups without series are forgotten once they are so large a part of all: values come and go for ever, and each commit writes all there are. */
const FORGOTTEN_PART = 1 / 8;

export interface RollUpMemory extends GroupMemory {
  /** The offset that the roll-up's own forecast goes by. */
  readonly usualOffset: number;
  readonly newcomers?: NewcomersMemory;
}
/** By roll-up: names and values of its labels, as JSON. */
export type GroupsMemory = Readonly<Record<string, RollUpMemory>>;

export interface Groups {
  /** Roll-ups of a full segment, by number. */
  of(labels: Labels): readonly number[];
  /** The number of a roll-up; undefined for labels that are none. */
  numbered(labels: Labels): number | undefined;
  /** An episode of the roll-up is on as the next window begins: said anew for each window, so that a restart forgets none. */
  hold(group: number): void;
  /** A window of `minutes` begins. */
  begin(minutes: number): void;
  addMember(groups: readonly number[], seen: number, exposure: number, forecast: MemberForecast): void;
  /** One without a forecast. */
  addStranger(groups: readonly number[], seen: number): void;
  sum(group: number): RollUpSum;
  /** All members were added: newcomers stand in for what is missing of the others, where a drop is watched. */
  standIn(group: number, breakEven: number): void;
  /** Log of the roll-up's own offset over that of its members: all its roll-ups together. */
  behind(groups: readonly number[]): number;
  /** An episode of the roll-up has ended: what its members have in common is the new normal. */
  adopt(group: number): void;
  /** How many there are. */
  readonly size: number;
  /** Forgets the roll-ups that are not in use (1 by number), once they are many: by number the new one; undefined: all stay as they are. */
  forgetUnused(isUsed: Uint8Array): Int32Array | undefined;
  memory(): GroupsMemory;
}

/** What a member adds to its roll-ups' forecasts. Reused from one to the next. */
export interface MemberForecast {
  expected: number;
  variance: number;
  noise: number;
  skew: number;
  /** It is the member's first. */
  isFirst: boolean;
}

interface Entry {
  readonly key: string;
  usualOffset: number;
  newcomers: NewcomersMemory;
  isHeld: boolean;
  readonly sum: RollUpSum;
}

/** `spanMinutes`: of the longest span; `watchesDrops`: else nobody stands in for anybody. */
export function createGroups(
  common: CommonMode,
  groupings: readonly (readonly string[])[],
  spanMinutes: number,
  stored: GroupsMemory,
  watchesDrops: boolean,
): Groups {
  const numbers = new Map<string, number>();
  let entries: Entry[] = [];
  let windowMinutes = 0;

  function keyOf(names: readonly string[], labels: Labels): string {
    return JSON.stringify(names.map((name) => [name, labels[name]]));
  }

  function add(key: string, memory?: RollUpMemory): number {
    const number = common.addGroup(memory);
    numbers.set(key, number);
    entries.push({
      key,
      usualOffset: memory?.usualOffset ?? 0,
      newcomers: (watchesDrops ? memory?.newcomers : undefined) ?? NO_NEWCOMERS,
      isHeld: false,
      sum: { seen: 0, expected: 0, filter: 0, noise: 0, skew: 0, strangers: 0, settled: 0, exposure: 0 },
    });
    return number;
  }

  function numberOf(names: readonly string[], labels: Labels): number {
    const key = keyOf(names, labels);
    return numbers.get(key) ?? add(key);
  }

  // In the order in which they were remembered: series keep the numbers of their roll-ups.
  for (const [key, memory] of Object.entries(stored)) add(key, memory);

  return {
    of: (labels) => groupings.map((names) => numberOf(names, labels)),
    numbered(labels) {
      const names = groupings.find((one) => one.length === Object.keys(labels).length && one.every((name) => labels[name] !== undefined));
      return names && numberOf(names, labels);
    },
    hold(group) {
      entries[group]!.isHeld = true;
    },
    begin(minutes) {
      windowMinutes = minutes;
      const share = 1 - Math.exp(-minutes / (FOLLOW_SPANS * spanMinutes));
      for (let number = 0; number < entries.length; number++) {
        const entry = entries[number]!;
        const { sum } = entry;
        // What has moved is missing of members, not of the roll-up: their common offset says nothing of it.
        if (!entry.isHeld && !entry.newcomers.hasMoved) entry.usualOffset += share * (common.offsetOf(number) - entry.usualOffset);
        entry.isHeld = false;
        sum.seen = sum.expected = sum.filter = sum.noise = sum.skew = sum.strangers = sum.settled = sum.exposure = 0;
      }
    },
    addMember(groups, seen, exposure, { expected, variance, noise, skew, isFirst }) {
      for (const group of groups) {
        const { sum } = entries[group]!;
        sum.seen += seen;
        sum.exposure += exposure;
        if (isFirst) sum.settled += expected;
        sum.expected += expected;
        sum.filter += expected * expected * variance;
        sum.noise += expected * expected * noise;
        sum.skew += expected * expected * noise * skew;
      }
    },
    addStranger(groups, seen) {
      for (const group of groups) entries[group]!.sum.strangers += seen;
    },
    sum: (group) => entries[group]!.sum,
    standIn(group, breakEven) {
      const entry = entries[group]!;
      const { sum } = entry;
      const now = standIn(sum, entry.newcomers, breakEven, windowMinutes);
      entry.newcomers = now;
      if (!now.hasMoved || sum.settled <= 0) return;
      // The newcomers' forecasts were made under the offset with which the others fell, and are not to be raised by it.
      const offset = common.offsetOf(group);
      entry.newcomers = { ...now, moved: now.moved * Math.min(1, Math.exp(offset - entry.usualOffset)) };
      entry.usualOffset = offset;
    },
    behind(groups) {
      let log = 0;
      for (const group of groups) log += entries[group]!.usualOffset - common.offsetOf(group);
      return log;
    },
    adopt(group) {
      entries[group]!.usualOffset = common.offsetOf(group);
    },
    get size() {
      return entries.length;
    },
    forgetUnused(isUsed) {
      const unused = isUsed.reduce((count, one) => count - one, entries.length);
      if (unused <= FORGOTTEN_PART * entries.length) return undefined;
      const isKept = (_: unknown, number: number): boolean => isUsed[number] === 1;
      common.keepGroups(isKept);
      entries = entries.filter(isKept);
      numbers.clear();
      for (const [number, { key }] of entries.entries()) numbers.set(key, number);
      let next = 0;
      return Int32Array.from(isUsed, (one) => (one === 1 ? next++ : -1));
    },
    memory() {
      // By hand: it is asked for after every window.
      const all: Record<string, RollUpMemory> = {};
      entries.forEach(({ key, usualOffset, newcomers }, number) => {
        const one = { ...common.memoryOf(number), usualOffset };
        all[key] = newcomers === NO_NEWCOMERS ? one : { ...one, newcomers };
      });
      return all;
    },
  };
}
