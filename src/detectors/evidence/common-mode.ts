/**
 * What the series of a roll-up do in the same slot is not the doing of one of them: each roll-up has an offset (log) that is
 * part of the forecast of its members. A robust score over the members finds a common shift, in one slot or in several together where
 * members are too few for one, or what they share comes by and by; the roll-up that explains most goes first. The score says that there is
 * something, and its members' agreement whether it is common: what few of them do is theirs, or a smaller roll-up's.
 */
import { createAgreement } from './agreement.ts';
import { MEMBERS_AGAIN, MEMBERS_LEAST, createGroup, memoryOf, noteShift, recallShifts } from './common-group.ts';
import type { Group, GroupMemory } from './common-group.ts';

/** A member weighs at most so many times the mean of the slot before. */
const WEIGHT_MAX = 4;
const CLIP_DEVIATIONS = 3;
/** Squared: below it no rounding brings a deviation to its limit. */
const SURELY_WITHIN = 8.99;
/** A shift: squared score per information, and a size that matters. */
const SCORE_SQUARE = 25;
const SIZE_LEAST = 0.05;
/** Of a shift: a member shares it give or take so much of it. */
const OWN_PART = 1 / 3;
/**
 * While a slot is still filling: a shift seems to be under way, or too little was seen of it to tell. What makes a member ring in one slot would be seen far
 * beyond the hint in as many others as a shift has at least.
 */
const SCORE_SQUARE_HINT = 6;
const SEEN_SHARE = 0.3;
const SHIFT_MAX = 3;
const LEAST_RATIO = 0.05;
const HALVINGS = 24;
/** Shifts found in one slot. */
const SHIFTS_MAX = 8;
/** So many of the newest slots are added up, in rising order. */
const LENGTHS = [1, 2, 4, 8];
const BEFORE_MAX = 7;
/** What is kept of each of the slots before: score, information, the part of it that lasts. */
const KEPT = 3;

/** What settling a slot found: by number of the roll-up its shift (log), and the slots before that were part of the same. */
export interface Shifts {
  readonly shift: Float64Array;
  readonly slotsBefore: Int32Array;
}

/** The newest slots of a roll-up, added up. */
interface Sum {
  score: number;
  information: number;
  /** Of the score. */
  variance: number;
}

/** Reused from one to the next. */
export interface Member {
  /** Seen over expected. */
  q: number;
  /** One over the variance of that, and the part of counting in it. */
  weight: number;
  noise: number;
}

/** Into `member`: what it was in so many of the newest windows together, the one at hand included. */
export type Past = (member: number, windows: number, into: Pick<Member, 'q' | 'noise'>) => void;

export interface CommonMode {
  /** Number of a roll-up that is new, or remembered. */
  addGroup(memory?: GroupMemory): number;
  /** Forgets the others; those that stay move up. Between two slots. */
  keepGroups(isKept: (group: unknown, number: number) => boolean): void;
  memoryOf(group: number): Required<GroupMemory>;
  offsetOf(group: number): number;
  /** Sum over roll-ups. */
  offset(groups: readonly number[]): number;
  /** A new slot begins, at a minute since whenever. */
  begin(minute: number): void;
  add(groups: readonly number[], member: Member): void;
  /** Whether an alarm of a member has to wait for the rest of the slot. */
  mustWait(groups: readonly number[]): boolean;
  /** Finds this slot's shifts and adds them to the offsets; undefined where there is none. Members by the order in which they were added. */
  settle(past: Past): Shifts | undefined;
}

/** `isMoney`: what is seen has the upper tail of gamma amounts. */
export function createCommonMode(isMoney: boolean): CommonMode {
  let groups: Group[] = [];
  /** Of the members of the slot at hand, the first `count`. */
  const q: number[] = [];
  const weight: number[] = [];
  const noise: number[] = [];
  let count = 0;
  const agreement = createAgreement();
  const refused = new Set<number>();
  const strongest = { slots: 0, explained: 0, mean: 0 };
  const together = { q: 0, noise: 0 };
  const whole: Sum = { score: 0, information: 0, variance: 0 };
  let minute = 0;

  function clipped(group: Group, member: number): void {
    const f = Math.min(weight[member]!, WEIGHT_MAX * group.meanWeight);
    group.information += f;
    if (f > group.largest) group.largest = f;
    group.score += f * clip(q[member]! - 1, f, noise[member]!);
    group.lasting += f * Math.max(0, 1 - weight[member]! * noise[member]!);
  }

  function clear(group: Group): void {
    group.information = group.score = group.largest = group.lasting = 0;
  }

  /** Into `whole`. Chance differs from slot to slot, what lasts does not: its deviations add up. False: there are not so many slots. */
  function addUp({ score, information, lasting, before }: Group, slots: number): boolean {
    if (before.length < (slots - 1) * KEPT) return false;
    whole.score = score;
    whole.information = information;
    whole.variance = information - lasting;
    let deviation = Math.sqrt(lasting);
    for (let at = 0; at < (slots - 1) * KEPT; at += KEPT) {
      whole.score += before[at]!;
      whole.information += before[at + 1]!;
      whole.variance += before[at + 1]! - before[at + 2]!;
      deviation += Math.sqrt(before[at + 2]!);
    }
    whole.variance += deviation * deviation;
    return true;
  }

  function isShifted(): boolean {
    const { score, information, variance } = whole;
    if (score * score <= SCORE_SQUARE * variance) return false;
    const shift = score / information;
    // A few large amounts are no shift: as deviance where a square would count them as if they were normal.
    if (isMoney && shift > 0 && 2 * (information / variance) * information * (shift - Math.log1p(shift)) <= SCORE_SQUARE) return false;
    return Math.abs(shift) > SIZE_LEAST;
  }

  function shiftOf(group: Group): number {
    let low = -SHIFT_MAX;
    let high = SHIFT_MAX;
    for (let step = 0; step < HALVINGS; step++) {
      const middle = (low + high) / 2;
      const factor = Math.exp(-middle);
      let score = 0;
      for (let i = 0; i < group.size; i++) {
        const member = group.members[i]!;
        const f = Math.min(weight[member]!, WEIGHT_MAX * group.meanWeight);
        score += f * clip(q[member]! * factor - 1, f, noise[member]!);
      }
      if (score > 0) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  /** Into `strongest`: the span in which it is out farthest. False: that is no shift, or no more than `most`. */
  function isStrongest(group: Group, most: number): boolean {
    strongest.explained = most;
    strongest.slots = 0;
    for (const length of LENGTHS) {
      if (!addUp(group, length)) break;
      const explained = (whole.score * whole.score) / whole.variance;
      if (explained <= strongest.explained || !isShifted()) continue;
      strongest.explained = explained;
      strongest.slots = length;
      strongest.mean = whole.score / whole.information;
    }
    return strongest.slots > 0;
  }

  /** Each member once, for all slots together: where it is out in each of them a little, clipping holds nothing of it. */
  function ask(group: Group, shift: number, own: number, slots: number, past: Past): void {
    agreement.begin(shift, own);
    for (let i = 0; i < group.size; i++) {
      const member = group.members[i]!;
      const error = Math.max(0, 1 / weight[member]! - noise[member]!);
      together.q = q[member]!;
      together.noise = noise[member]!;
      if (slots > 1) past(member, slots, together);
      agreement.add(together.q, together.noise, error);
    }
  }

  /** What of the strongest is common; 0: nothing. */
  function commonOf(group: Group, past: Past): number {
    const { slots, mean } = strongest;
    const shift = slots === 1 ? shiftOf(group) : Math.log(Math.max(LEAST_RATIO, 1 + mean));
    if (shift * group.lent < 0 && Math.abs(group.lent) > SIZE_LEAST) {
      // Those who did what was taken for common may go on, so long as most do not.
      ask(group, -group.lent, 0, slots, past);
      if (agreement.isLikely()) return -group.lent;
    }
    ask(group, shift, OWN_PART, slots, past);
    return agreement.isCommon() ? shift : 0;
  }

  /** The roll-up that explains most is asked first; one of which it is not common leaves it to the next. `best` is its number; -1: none. */
  function strongestCommon(past: Past): { best: number; shift: number; slots: number } {
    refused.clear();
    for (;;) {
      let best = -1;
      let most = 0;
      for (let i = 0; i < groups.length; i++) {
        const group = groups[i]!;
        if (!hasMembers(group) || refused.has(i) || !isStrongest(group, most)) continue;
        best = i;
        most = strongest.explained;
      }
      const group = groups[best];
      if (!group) return { best, shift: 0, slots: 0 };
      isStrongest(group, 0);
      const shift = commonOf(group, past);
      if (shift !== 0) return { best, shift, slots: strongest.slots };
      refused.add(best);
    }
  }

  return {
    addGroup(memory) {
      groups.push(createGroup(memory));
      return groups.length - 1;
    },
    keepGroups(isKept) {
      groups = groups.filter(isKept);
    },
    memoryOf: (number) => memoryOf(groups[number]!),
    offsetOf: (number) => groups[number]!.offset,
    offset(numbers) {
      let sum = 0;
      for (let i = 0; i < numbers.length; i++) sum += groups[numbers[i]!]!.offset;
      return sum;
    },
    begin(now) {
      for (const group of groups) {
        group.size = 0;
        clear(group);
        group.least = MEMBERS_LEAST;
        if (group.shifted.length > 0) recallShifts(group, now);
      }
      minute = now;
      count = 0;
    },
    add(numbers, member) {
      if (numbers.length === 0) return;
      q[count] = member.q;
      weight[count] = member.weight;
      noise[count] = member.noise;
      for (let i = 0; i < numbers.length; i++) {
        const group = groups[numbers[i]!]!;
        group.members[group.size++] = count;
        clipped(group, count);
      }
      count++;
    },
    mustWait(numbers) {
      for (let i = 0; i < numbers.length; i++) {
        const group = groups[numbers[i]!]!;
        const { information, usual, largest, least } = group;
        if (information < SEEN_SHARE * usual && information <= MEMBERS_LEAST * largest) return true;
        if (information <= MEMBERS_AGAIN * largest) {
          if (least === MEMBERS_AGAIN) return true;
          continue;
        }
        for (const length of LENGTHS) {
          if (!addUp(group, length)) break;
          if (whole.score * whole.score > SCORE_SQUARE_HINT * whole.variance) return true;
        }
      }
      return false;
    },
    settle(past) {
      let found: Shifts | undefined;
      for (let round = 0; round < SHIFTS_MAX; round++) {
        const { best, shift, slots } = strongestCommon(past);
        const group = groups[best];
        if (!group) break;
        found ??= { shift: new Float64Array(groups.length), slotsBefore: new Int32Array(groups.length) };
        found.shift[best]! += shift;
        found.slotsBefore[best] = Math.max(found.slotsBefore[best]!, slots - 1);
        group.offset += shift;
        group.lent += shift;
        noteShift(group, minute);
        const factor = Math.exp(-shift);
        for (let i = 0; i < group.size; i++) q[group.members[i]!]! *= factor;
        for (const each of groups) {
          clear(each);
          for (let i = 0; i < each.size; i++) clipped(each, each.members[i]!);
          // Roll-ups share members: what they were out by before may have been this very shift.
          each.before.length = 0;
        }
      }
      for (const group of groups) {
        if (group.size > 0 && group.information > 0) group.meanWeight = group.information / group.size;
        group.usual = group.information;
        if (!hasMembers(group)) group.before.length = 0;
        else group.before.unshift(short(group.score), short(group.information), short(group.lasting));
        group.before.length = Math.min(group.before.length, BEFORE_MAX * KEPT);
      }
      return found;
    },
  };
}

function clip(deviation: number, f: number, noise: number): number {
  if (deviation * deviation * f < SURELY_WITHIN) return deviation;
  const limit = CLIP_DEVIATIONS / Math.sqrt(f) + noise;
  return deviation > limit ? limit : deviation < -limit ? -limit : deviation;
}

/** Enough of them that none decides alone. */
function hasMembers({ information, largest, least }: Group): boolean {
  return information > least * largest;
}

/** It is written at every commit: no more digits than say something. */
function short(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
