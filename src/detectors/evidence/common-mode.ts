/**
 * What the series of a roll-up do in the same slot is not the doing of one of them: each roll-up has an offset (log) that is
 * part of the forecast of its members. A robust score over the members finds a common shift, in one slot or in several together where
 * members are too few for one, or what they share comes by and by; the roll-up that explains most goes first.
 */

/** A member weighs at most so many times the mean of the slot before. */
const WEIGHT_MAX = 4;
const CLIP_DEVIATIONS = 3;
/** Squared: below it no rounding brings a deviation to its limit. */
const SURELY_WITHIN = 8.99;
/** A shift: squared score per information, enough members, and a size that matters. */
const SCORE_SQUARE = 25;
const MEMBERS_LEAST = 10;
/** The same where they moved together the day before, within so many minutes of this time: then it takes less to believe that they do again. */
const MEMBERS_AGAIN = 3;
const AGAIN_MINUTES = 10;
const DAY_MINUTES = 1_440;
const SIZE_LEAST = 0.05;
/** While a slot is still filling: a shift seems to be under way, or too little was seen of it to tell. */
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

interface Group {
  offset: number;
  /** The first `size` of them; the list is kept from slot to slot. */
  members: number[];
  size: number;
  information: number;
  largest: number;
  score: number;
  /** Of the information: the part in which a member is out by as much in the next slot, rather than by chance. */
  lasting: number;
  meanWeight: number;
  /** Information of the slot before. */
  usual: number;
  /** Of the slots before since the newest shift, newest first: `KEPT` numbers each. */
  before: number[];
  /** Minutes, on the clock of `begin`, at which a shift was found since yesterday. */
  shifted: number[];
  /** How many members of equal weight have to be seen for one in the slot at hand. */
  least: number;
}

/** What is kept of a roll-up from window to window. */
export interface GroupMemory {
  readonly offset: number;
  /** Mean weight of a member; 0: not known yet. */
  readonly meanWeight: number;
  readonly usual: number;
  /** The slots before, and those in which it shifted: see `Group`. */
  readonly before?: readonly number[];
  readonly shifted?: readonly number[];
}

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
  /** Finds this slot's shifts and adds them to the offsets; undefined where there is none. */
  settle(): Shifts | undefined;
}

/** `isMoney`: what is seen has the upper tail of gamma amounts. */
export function createCommonMode(isMoney: boolean): CommonMode {
  let groups: Group[] = [];
  let q = new Float64Array(64);
  let weight = new Float64Array(64);
  let noise = new Float64Array(64);
  const of: (readonly number[])[] = [];
  let count = 0;
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

  return {
    addGroup(memory) {
      const { offset, meanWeight, usual, before = [], shifted = [] } = memory ?? { offset: 0, meanWeight: 0, usual: 0 };
      const nothing = { members: [], size: 0, information: 0, largest: 0, score: 0, lasting: 0, least: MEMBERS_LEAST };
      groups.push({ ...nothing, offset, meanWeight: meanWeight || Infinity, usual, before: [...before], shifted: [...shifted] });
      return groups.length - 1;
    },
    keepGroups(isKept) {
      groups = groups.filter(isKept);
    },
    memoryOf(number) {
      const { offset, meanWeight, usual, before, shifted } = groups[number]!;
      return { offset, meanWeight: Number.isFinite(meanWeight) ? meanWeight : 0, usual, before: [...before], shifted: [...shifted] };
    },
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
      if (count === q.length) [q, weight, noise] = [grown(q), grown(weight), grown(noise)];
      q[count] = member.q;
      weight[count] = member.weight;
      noise[count] = member.noise;
      of[count] = numbers;
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
        if (information < SEEN_SHARE * usual) return true;
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
    settle() {
      let found: Shifts | undefined;
      for (let round = 0; round < SHIFTS_MAX; round++) {
        let best = -1;
        let slots = 0;
        let most = 0;
        let mean = 0;
        for (let i = 0; i < groups.length; i++) {
          const group = groups[i]!;
          if (!hasMembers(group)) continue;
          for (const length of LENGTHS) {
            if (!addUp(group, length)) break;
            const explained = (whole.score * whole.score) / whole.variance;
            if (explained > most && isShifted()) [best, slots, most, mean] = [i, length, explained, whole.score / whole.information];
          }
        }
        const group = groups[best];
        if (!group) break;
        const shift = slots === 1 ? shiftOf(group) : Math.log(Math.max(LEAST_RATIO, 1 + mean));
        found ??= { shift: new Float64Array(groups.length), slotsBefore: new Int32Array(groups.length) };
        found.shift[best]! += shift;
        found.slotsBefore[best] = Math.max(found.slotsBefore[best]!, slots - 1);
        group.offset += shift;
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

/** One for several: they lie near enough to each other. */
function noteShift({ shifted }: Group, now: number): void {
  const newest = shifted.at(-1) ?? -Infinity;
  if (now - newest >= AGAIN_MINUTES / 2) shifted.push(now);
}

/** What is common every day at this time may have too few members to be seen on one of them. */
function recallShifts(group: Group, now: number): void {
  const { shifted } = group;
  while (shifted.length > 0 && now - shifted[0]! > DAY_MINUTES + AGAIN_MINUTES) shifted.shift();
  if (shifted.length > 0 && now - shifted[0]! >= DAY_MINUTES - AGAIN_MINUTES) group.least = MEMBERS_AGAIN;
}

/** It is written at every commit: no more digits than say something. */
function short(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function grown(old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const next = new Float64Array(old.length * 2);
  next.set(old);
  return next;
}
