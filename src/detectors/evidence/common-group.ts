/** A roll-up as its members see it: their common offset, what the slot at hand brought of them, and what is remembered of those before. */

/** A shift has so many members at least. */
export const MEMBERS_LEAST = 10;
/** The same where they moved together the day before, within so many minutes of this time: then it takes less to believe that they do again. */
export const MEMBERS_AGAIN = 3;
const AGAIN_MINUTES = 10;
const DAY_MINUTES = 1_440;
const NEW: GroupMemory = { offset: 0, meanWeight: 0, usual: 0 };

export interface Group {
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
  /** Of the slots before since the newest shift, newest first: some numbers each. */
  before: number[];
  /** Minutes, on the clock of `begin`, at which a shift was found since yesterday. */
  shifted: number[];
  /** Of the offset (log): shifts since yesterday that may yet turn out not to be common. */
  lent: number;
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
  readonly lent?: number;
}

/** New, or remembered. */
export function createGroup({ offset, meanWeight, usual, before = [], shifted = [], lent = 0 }: GroupMemory = NEW): Group {
  const nothing = { members: [], size: 0, information: 0, largest: 0, score: 0, lasting: 0, least: MEMBERS_LEAST };
  return { ...nothing, offset, meanWeight: meanWeight || Infinity, usual, before: [...before], shifted: [...shifted], lent };
}

export function memoryOf({ offset, meanWeight, usual, before, shifted, lent }: Group): Required<GroupMemory> {
  return { offset, meanWeight: Number.isFinite(meanWeight) ? meanWeight : 0, usual, before: [...before], shifted: [...shifted], lent };
}

/** One for several: they lie near enough to each other. */
export function noteShift({ shifted }: Group, now: number): void {
  const newest = shifted.at(-1) ?? -Infinity;
  if (now - newest >= AGAIN_MINUTES / 2) shifted.push(now);
}

/** What is common every day at this time may have too few members to be seen on one of them. */
export function recallShifts(group: Group, now: number): void {
  const { shifted } = group;
  while (shifted.length > 0 && now - shifted[0]! > DAY_MINUTES + AGAIN_MINUTES) shifted.shift();
  if (shifted.length === 0) group.lent = 0;
  else if (now - shifted[0]! >= DAY_MINUTES - AGAIN_MINUTES) group.least = MEMBERS_AGAIN;
}
