/**
 * Of two alerts of one direction: which one tells what the other feels. A roll-up is held against a segment in it over the span in which the
 * roll-up rang: each rang over a span of its own, and one that reaches back to before the break makes it look smaller than it is.
 */
import type { Labels } from '../core/labels.ts';
import type { KeyCount } from '../detectors/detector.ts';
import type { Effect } from './state-machine.ts';

/** An alert of one detector, measure and direction that fires. */
export interface FiringAlert {
  readonly id: string;
  readonly labels: Labels;
  /** Undefined: from a rule about the value of each series; speaks for itself. */
  readonly effect: Effect | undefined;
  /** Fires since this window. */
  readonly isNew: boolean;
  /** Who spoke for it so far. */
  readonly partOf: string | undefined;
}

/** A roll-up is explained by segments that hold so much of its deviation. */
const EXPLAINED_SHARE = 0.5;
/** Those that ring are the extreme ones and look worse than they are: they have to be clearly ahead of their roll-up. */
const MEMBER_AHEAD = 1.1;
/** A segment that deviates by less than this part of what its roll-up does broke for another reason, if it broke. */
const MOVED_LEAST = 0.5;
/** Where so many of a key's events are, it does what it does there and nowhere else. */
const NEARLY_ALL = 0.9;
/** Who spoke for a key goes on to do so with this part of its events: speakers do not change to and fro. */
const STILL_MOST = 0.5;
/** Of what is expected, where it is divided by. */
const AMOUNT_LEAST = 1e-9;

/** `one` tells what `other` feels; never both ways. */
export function speaksFor(one: FiringAlert, other: FiringAlert): boolean {
  const [effect, otherEffect] = [one.effect, other.effect];
  if (!effect || !otherEffect || !agree(one.labels, other.labels)) return false;
  if (effect.keys && otherEffect.keys) return tellsKeysOf(one, effect.keys, other, otherEffect.keys);
  if (holds(one.labels, other.labels)) {
    return (
      hasMoved(other, otherEffect, effect) &&
      MEMBER_AHEAD * power(effect) >= powerWithin(otherEffect.amount, shareOf(other, otherEffect, effect), effect)
    );
  }
  if (holds(other.labels, one.labels)) {
    const share = shareOf(one, effect, otherEffect);
    return share >= EXPLAINED_SHARE && powerWithin(effect.amount, share, otherEffect) > MEMBER_AHEAD * power(otherEffect);
  }
  const isOthers = named(one, otherEffect).share >= EXPLAINED_SHARE;
  return isOthers && (named(other, effect).share < EXPLAINED_SHARE || byPower(one, other) < 0);
}

/**
 * `member` names somebody whom its speaker did not tell, or has little of by now. Counts without a name are left with who has them: each may
 * be somebody else's.
 */
export function isUntold(member: FiringAlert, speaker: FiringAlert): boolean {
  const keys = member.effect?.keys?.filter(({ key }) => key !== '') ?? [];
  const told = speaker.effect?.keys;
  return told !== undefined && !holdsKeys(speaker, told, member, keys, STILL_MOST);
}

/** What `alert` feels may be the doing of `other`, in part: a segment of it, or one that crosses it. */
export function mayBePart(other: FiringAlert, alert: FiringAlert): boolean {
  return other.effect !== undefined && !other.effect.keys && agree(other.labels, alert.labels) && !holds(other.labels, alert.labels);
}

/**
 * Where segments broke, each for itself, and an alert feels them: those of them that share no event, the strongest first; none where they
 * do not tell more together than it does. `parts`: those that may be.
 */
export function partsThatTell({ labels, effect }: FiringAlert, parts: readonly FiringAlert[]): FiringAlert[] {
  if (!effect) return [];
  const weighed = parts.flatMap((part) => {
    const { share, usual } = named(part, effect);
    const amount = usual > 0 ? usual * effect.amount : (part.effect?.amount ?? 0);
    return share > 0 ? [{ part, share, power: powerWithin(amount, share, effect) }] : [];
  });
  weighed.sort((a, b) => b.power - a.power || byDepth(a.part, b.part));
  const apart: typeof weighed = [];
  for (const one of weighed) if (apart.every(({ part }) => !agree(part.labels, one.part.labels))) apart.push(one);
  const share = apart.reduce((sum, one) => sum + one.share, 0);
  const together = apart.reduce((sum, one) => sum + one.power, 0);
  const tell = share >= EXPLAINED_SHARE && together > MEMBER_AHEAD * power(effect);
  // Of two that cross each may be most of what the other feels.
  return tell && (apart.length > 1 || holds(labels, apart[0]!.part.labels)) ? apart.map(({ part }) => part) : [];
}

/** Heavy hitters: who comes too often is one fact wherever that is felt. Of those that hold all of it the finest tells it. */
function tellsKeysOf(one: FiringAlert, keys: readonly KeyCount[], other: FiringAlert, otherKeys: readonly KeyCount[]): boolean {
  if (!holdsKeys(one, keys, other, otherKeys)) return false;
  return !holdsKeys(other, otherKeys, one, keys) || byDepth(one, other) < 0;
}

/** Each key that `other` tells of is told by `one`, which is a roll-up of it or has at least this part of its events. */
function holdsKeys(
  one: FiringAlert,
  keys: readonly KeyCount[],
  other: FiringAlert,
  otherKeys: readonly KeyCount[],
  part = NEARLY_ALL,
): boolean {
  const isRollUp = holds(one.labels, other.labels);
  return otherKeys.every(({ key, least }) => keys.some((own) => own.key === key && (isRollUp || own.least >= part * least)));
}

/** What of a roll-up's deviation, and of what was expected of it, lies in contributors that the segment holds. */
function named({ labels }: { readonly labels: Labels }, { contributors }: Effect): { share: number; usual: number } {
  const sum = { share: 0, usual: 0 };
  for (const one of contributors) {
    if (!holds(labels, one.labels)) continue;
    sum.share += one.share;
    sum.usual += one.usual ?? 0;
  }
  return sum;
}

const ALL = { labels: {} };

/** Of the deviation of its roll-up; what contributors leave open by how far each of the two is out. */
function shareOf(segment: FiringAlert, effect: Effect, rollUp: Effect): number {
  const known = named(segment, rollUp).share;
  const open = Math.max(0, 1 - named(ALL, rollUp).share);
  const apparent = deviation(rollUp) > 0 ? deviation(effect) / deviation(rollUp) : 1;
  return Math.min(1, known + open, Math.max(known, apparent));
}

/** It did as the roll-up did. What contributors leave open is taken to be spread over the others as usual. */
function hasMoved(segment: FiringAlert, { amount }: Effect, rollUp: Effect): boolean {
  const part = rollUp.amount > 0 ? Math.min(1, amount / rollUp.amount) : 1;
  const [own, all] = [named(segment, rollUp), named(ALL, rollUp)];
  const ofOthers = Math.max(0, part - own.usual) / Math.max(AMOUNT_LEAST, 1 - all.usual);
  return own.share + Math.max(0, 1 - all.share) * Math.min(1, ofOthers) >= MOVED_LEAST * part;
}

/** Log likelihood of counts at this ratio against none, in a window: that of a whole is largest where all its parts agree. */
function power({ amount, ratio }: Pick<Effect, 'amount' | 'ratio'>): number {
  return amount * ((ratio > 0 ? ratio * Math.log(ratio) : 0) - ratio + 1);
}

/** The same of a segment of which this amount is expected, and to which so large a share of its roll-up's deviation belongs. */
function powerWithin(amount: number, share: number, rollUp: Effect): number {
  const least = Math.max(AMOUNT_LEAST, amount);
  const out = (share * deviation(rollUp)) / least;
  return power({ amount: least, ratio: rollUp.ratio < 1 ? Math.max(0, 1 - out) : 1 + out });
}

function deviation({ amount, ratio }: Effect): number {
  return amount * Math.abs(1 - ratio);
}

/** No dimension has two values: they may share events. */
export function agree(a: Labels, b: Labels): boolean {
  return Object.keys(a).every((name) => b[name] === undefined || b[name] === a[name]);
}

/** `inner` is `outer` or a segment of it. */
export function holds(outer: Labels, inner: Labels): boolean {
  return Object.keys(outer).every((name) => inner[name] === outer[name]);
}

function byDepth(a: FiringAlert, b: FiringAlert): number {
  return Object.keys(b.labels).length - Object.keys(a.labels).length || byPower(a, b);
}

/** The most powerful first. */
export function byPower(a: FiringAlert, b: FiringAlert): number {
  const difference = (b.effect ? power(b.effect) : 0) - (a.effect ? power(a.effect) : 0);
  return difference || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
