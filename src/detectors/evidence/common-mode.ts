/**
 * What the series of a roll-up do in the same slot is not the doing of one of them: each roll-up has an offset (log) that is
 * part of the forecast of its members. A robust score over the members finds a common shift; the roll-up that explains
 * most goes first.
 */

/** A member weighs at most so many times the mean of the slot before. */
const WEIGHT_MAX = 4;
const CLIP_DEVIATIONS = 3;
/** A shift: squared score per information, enough members, and a size that matters. */
const SCORE_SQUARE = 25;
const MEMBERS_LEAST = 10;
const SIZE_LEAST = 0.05;
/** While a slot is still filling: a shift seems to be under way, or too little was seen of it to tell. */
const SCORE_SQUARE_HINT = 6;
const SEEN_SHARE = 0.3;
const SHIFT_MAX = 3;
const HALVINGS = 24;
/** Shifts found in one slot. */
const SHIFTS_MAX = 8;

interface Group {
  offset: number;
  members: number[];
  information: number;
  largest: number;
  score: number;
  meanWeight: number;
  /** Information of the slot before. */
  usual: number;
}

/** What is kept of a roll-up from window to window. */
export interface GroupMemory {
  readonly offset: number;
  /** Mean weight of a member; 0: not known yet. */
  readonly meanWeight: number;
  readonly usual: number;
}

export interface CommonMode {
  /** Number of a roll-up that is new, or remembered. */
  addGroup(memory?: GroupMemory): number;
  memoryOf(group: number): GroupMemory;
  /** Sum over roll-ups. */
  offset(groups: readonly number[]): number;
  /** A new slot begins. */
  begin(): void;
  /** `weight`: one over the variance of q = seen/expected; `noise`: the part of counting in it. */
  add(groups: readonly number[], q: number, weight: number, noise: number): void;
  /** Whether an alarm of a member has to wait for the rest of the slot. */
  mustWait(groups: readonly number[]): boolean;
  /** Finds this slot's shifts and adds them to the offsets; the shift of each roll-up by number, undefined where there is none. */
  settle(): Float64Array | undefined;
}

/** `isMoney`: what is seen has the upper tail of gamma amounts. */
export function createCommonMode(isMoney: boolean): CommonMode {
  const groups: Group[] = [];
  let q = new Float64Array(64);
  let weight = new Float64Array(64);
  let noise = new Float64Array(64);
  const of: (readonly number[])[] = [];
  let count = 0;

  function clipped(group: Group, member: number): void {
    const f = Math.min(weight[member]!, WEIGHT_MAX * group.meanWeight);
    group.information += f;
    if (f > group.largest) group.largest = f;
    group.score += f * clip(q[member]! - 1, f, noise[member]!);
  }

  function clear(group: Group): void {
    group.information = group.score = group.largest = 0;
  }

  function isShifted(group: Group): boolean {
    const { score, information, largest } = group;
    if (information <= MEMBERS_LEAST * largest || score * score <= SCORE_SQUARE * information) return false;
    const shift = score / information;
    // A few large amounts are no shift: as deviance where a square would count them as if they were normal.
    if (isMoney && shift > 0 && 2 * information * (shift - Math.log1p(shift)) <= SCORE_SQUARE) return false;
    return Math.abs(shift) > SIZE_LEAST;
  }

  function shiftOf(group: Group): number {
    let low = -SHIFT_MAX;
    let high = SHIFT_MAX;
    for (let step = 0; step < HALVINGS; step++) {
      const middle = (low + high) / 2;
      const factor = Math.exp(-middle);
      let score = 0;
      for (const member of group.members) {
        const f = Math.min(weight[member]!, WEIGHT_MAX * group.meanWeight);
        score += f * clip(q[member]! * factor - 1, f, noise[member]!);
      }
      if (score > 0) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  return {
    addGroup(memory) {
      const { offset, meanWeight, usual } = memory ?? { offset: 0, meanWeight: 0, usual: 0 };
      groups.push({ offset, members: [], information: 0, largest: 0, score: 0, meanWeight: meanWeight || Infinity, usual });
      return groups.length - 1;
    },
    memoryOf(number) {
      const { offset, meanWeight, usual } = groups[number]!;
      return { offset, meanWeight: Number.isFinite(meanWeight) ? meanWeight : 0, usual };
    },
    offset(numbers) {
      let sum = 0;
      for (let i = 0; i < numbers.length; i++) sum += groups[numbers[i]!]!.offset;
      return sum;
    },
    begin() {
      for (const group of groups) {
        group.members.length = 0;
        clear(group);
      }
      count = 0;
    },
    add(numbers, ratio, f, of_noise) {
      if (numbers.length === 0) return;
      if (count === q.length) [q, weight, noise] = [grown(q), grown(weight), grown(noise)];
      q[count] = ratio;
      weight[count] = f;
      noise[count] = of_noise;
      of[count] = numbers;
      for (let i = 0; i < numbers.length; i++) {
        const group = groups[numbers[i]!]!;
        group.members.push(count);
        clipped(group, count);
      }
      count++;
    },
    mustWait(numbers) {
      for (let i = 0; i < numbers.length; i++) {
        const { information, usual, score, largest } = groups[numbers[i]!]!;
        if (information < SEEN_SHARE * usual) return true;
        if (score * score > SCORE_SQUARE_HINT * information && information > 3 * largest) return true;
      }
      return false;
    },
    settle() {
      let shifts: Float64Array | undefined;
      for (let found = 0; found < SHIFTS_MAX; found++) {
        let best = -1;
        let most = 0;
        for (let i = 0; i < groups.length; i++) {
          const group = groups[i]!;
          if (!isShifted(group)) continue;
          const explained = (group.score * group.score) / group.information;
          if (explained > most) [best, most] = [i, explained];
        }
        const group = groups[best];
        if (!group) break;
        const shift = shiftOf(group);
        shifts ??= new Float64Array(groups.length);
        shifts[best]! += shift;
        group.offset += shift;
        const factor = Math.exp(-shift);
        for (const member of group.members) q[member]! *= factor;
        for (const each of groups) {
          clear(each);
          for (const member of each.members) clipped(each, member);
        }
      }
      for (const group of groups) {
        if (group.members.length > 0 && group.information > 0) group.meanWeight = group.information / group.members.length;
        group.usual = group.information;
      }
      return shifts;
    },
  };
}

function clip(deviation: number, f: number, noise: number): number {
  const limit = CLIP_DEVIATIONS / Math.sqrt(f) + noise;
  return deviation > limit ? limit : deviation < -limit ? -limit : deviation;
}

function grown(old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const next = new Float64Array(old.length * 2);
  next.set(old);
  return next;
}
