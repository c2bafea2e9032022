/**
 * Who speaks when a roll-up and its members, or roll-ups that cross, fire in the same direction: the level that explains
 * most. A country that breaks is one incident, not one for each of its segments; a segment that breaks is not told again by
 * every roll-up that feels it.
 */
import type { Labels } from '../core/labels.ts';
import { createPace, sorted, type Sliced } from '../core/slices.ts';
import type { Effect } from './state-machine.ts';

/** An alert of one detector, measure and direction that fires. */
export interface FiringAlert {
  readonly id: string;
  readonly labels: Labels;
  /** Undefined: from a detector without grounds; speaks for itself. */
  readonly effect: Effect | undefined;
  /** Fires since this window. */
  readonly isNew: boolean;
  /** Who spoke for it so far. */
  readonly partOf: string | undefined;
}

/** A roll-up is explained by a segment that holds so much of its deviation. */
const EXPLAINED_SHARE = 0.5;
const MEMBER_AHEAD = 1.1;
/** Two alerts are held against each other in less than a microsecond. */
export const COMPARED_AT_ONCE = 256;

/**
 * The speaker of every alert, by id; undefined: it speaks itself. An alert keeps its speaker while that one fires; only
 * alerts that are new, or whose speaker has ended, are asked anew. The same whatever the order of `firing`.
 */
export function* speakersOf(firing: readonly FiringAlert[]): Sliced<Map<string, string | undefined>> {
  const isDue = createPace(COMPARED_AT_ONCE);
  const ids = new Set(firing.map((alert) => alert.id));
  const isLoose = (alert: FiringAlert): boolean => alert.isNew || (alert.partOf !== undefined && !ids.has(alert.partOf));
  const speakers = new Map(firing.map((alert) => [alert.id, isLoose(alert) ? undefined : alert.partOf]));
  /** By speaker, ids of those it speaks for. */
  const members = new Map<string, string[]>();
  const hand = (id: string, speaker: string): void => {
    speakers.set(id, speaker);
    const own = members.get(speaker);
    if (own) own.push(id);
    else members.set(speaker, [id]);
  };
  for (const [id, speaker] of speakers) {
    if (speaker !== undefined) hand(id, speaker);
    if (isDue()) yield;
  }
  // Those without an effect speak for nobody, and nobody for them.
  const loose: FiringAlert[] = [];
  // By level: segments of one level share no event, so that thousands that ring at once need not be held against each other.
  const speaking = new Map<string, Set<FiringAlert>>();
  const speaks = (alert: FiringAlert): void => {
    const level = levelOf(alert);
    speaking.set(level, (speaking.get(level) ?? new Set()).add(alert));
  };
  for (const alert of firing) {
    if (isDue()) yield;
    if (alert.effect === undefined) continue;
    if (isLoose(alert)) loose.push(alert);
    else if (alert.partOf === undefined) speaks(alert);
  }
  for (const alert of yield* sorted(loose, byLevel)) {
    if (isDue()) yield;
    const own = levelOf(alert);
    let speaker: FiringAlert | undefined;
    for (const other of besides(speaking, own)) {
      if (isDue()) yield;
      if (speaksFor(other, alert) && (speaker === undefined || byPower(other, speaker) < 0)) speaker = other;
    }
    if (speaker) {
      hand(alert.id, speaker.id);
      continue;
    }
    for (const other of besides(speaking, own)) {
      if (isDue()) yield;
      if (!speaksFor(alert, other)) continue;
      for (const id of members.get(other.id) ?? []) hand(id, alert.id);
      members.delete(other.id);
      hand(other.id, alert.id);
      speaking.get(levelOf(other))!.delete(other);
    }
    speaks(alert);
  }
  return speakers;
}

/** Those of other levels. The one just given may be taken out. */
function* besides(speaking: ReadonlyMap<string, ReadonlySet<FiringAlert>>, own: string): Generator<FiringAlert> {
  for (const [level, alerts] of speaking) if (level !== own) yield* alerts;
}

function speaksFor(one: FiringAlert, other: FiringAlert): boolean {
  const [effect, otherEffect] = [one.effect, other.effect];
  if (!effect || !otherEffect) return false;
  return explains(one, effect, other, otherEffect) && outranks(one, effect, other, otherEffect);
}

/** Whether what happened in `one` is (most of) what happened in `other`. */
function explains(one: FiringAlert, effect: Effect, other: FiringAlert, otherEffect: Effect): boolean {
  if (!agree(one.labels, other.labels)) return false;
  if (holds(one.labels, other.labels)) return true;
  if (holds(other.labels, one.labels)) return deviation(effect) >= EXPLAINED_SHARE * deviation(otherEffect);
  let share = 0;
  for (const member of otherEffect.contributors) if (holds(one.labels, member.labels)) share += member.share;
  return share >= EXPLAINED_SHARE;
}

/**
 * The larger likelihood speaks; a member has to be clearly ahead of its roll-up, because those that ring are the extreme
 * ones and look worse than they are.
 */
function outranks(one: FiringAlert, effect: Effect, other: FiringAlert, otherEffect: Effect): boolean {
  if (isInside(other.labels, one.labels)) return MEMBER_AHEAD * power(effect) >= power(otherEffect);
  if (isInside(one.labels, other.labels)) return power(effect) > MEMBER_AHEAD * power(otherEffect);
  return byPower(one, other) < 0;
}

/** Log likelihood of counts at this ratio against none, in a window: that of a whole is largest where all its parts agree. */
function power({ amount, ratio }: Effect): number {
  return amount * ((ratio > 0 ? ratio * Math.log(ratio) : 0) - ratio + 1);
}

function deviation({ amount, ratio }: Effect): number {
  return amount * Math.abs(1 - ratio);
}

/** No dimension has two values. */
function agree(a: Labels, b: Labels): boolean {
  return Object.keys(a).every((name) => b[name] === undefined || b[name] === a[name]);
}

/** `inner` is `outer` or a member of it. */
function holds(outer: Labels, inner: Labels): boolean {
  return Object.keys(outer).every((name) => inner[name] === outer[name]);
}

function isInside(inner: Labels, outer: Labels): boolean {
  return holds(outer, inner) && !holds(inner, outer);
}

function levelOf({ labels }: FiringAlert): string {
  return Object.keys(labels).sort().join('\0');
}

/** Roll-ups before their members, so that who speaks is known when the members are asked. */
function byLevel(a: FiringAlert, b: FiringAlert): number {
  return Object.keys(a.labels).length - Object.keys(b.labels).length || byPower(a, b);
}

function byPower(a: FiringAlert, b: FiringAlert): number {
  const difference = (b.effect ? power(b.effect) : 0) - (a.effect ? power(a.effect) : 0);
  return difference || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
