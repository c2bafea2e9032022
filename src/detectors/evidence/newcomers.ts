/**
 * Traffic that moves to values that are new is no drop of their roll-up: pods that a deploy replaces, a campaign that follows another. New
 * members have no forecast for some twenty minutes, so what they bring stands in for what is missing of the others. Once they have one, what
 * they took over would be expected twice, for as long as the others' forecasts know nothing of it.
 * What they bring beside the others is no substitute: it was there when nothing was missing.
 */
import type { MembersSum } from './series-slots.ts';

/** So fast is it forgotten that something has moved, where it is not missing any more. */
const FADE_MINUTES = 10;

/** Of counts and sums. Amounts are those of one window. */
export interface NewcomersMemory {
  /** What newcomers bring beside the members. */
  readonly besides: number;
  /** What is still expected of members though newcomers took it over who have a forecast by now. */
  readonly moved: number;
  /** Of what newcomers brought when they last brought something, the part that members lacked. */
  readonly part: number;
  /** Members fall short, and what is missing of them has moved. */
  readonly hasMoved: boolean;
}

/** A window's members, and those without a forecast. */
export interface RollUpSum extends MembersSum {
  /** What came of those without a forecast. */
  strangers: number;
  /** Expected of those that have their first one. */
  settled: number;
  /** A rate: exposure of the members. */
  exposure: number;
}

export const NO_NEWCOMERS: NewcomersMemory = { besides: 0, moved: 0, part: 0, hasMoved: false };

/**
 * Corrects what was seen and expected in a window in which members fall short, and gives what is to be remembered. `breakEven`: ratio of seen to expected below which there
 * is a drop to be found.
 */
export function standIn(sum: RollUpSum, before: NewcomersMemory, breakEven: number, minutes: number): NewcomersMemory {
  const { seen, expected, strangers, settled } = sum;
  const gap = Math.max(0, expected - seen);
  let besides = Math.min(Math.max(0, strangers), Math.max(0, before.besides - settled * (1 - before.part)));
  let moved = before.moved + settled * before.part;
  if (moved > gap) moved += (1 - Math.exp(-minutes / FADE_MINUTES)) * (gap - moved);
  const isShort = seen < breakEven * expected;
  const missing = Math.max(0, gap - moved);
  if (!isShort) besides = Math.max(0, strangers - missing);
  const instead = Math.min(strangers - besides, missing);
  const part = strangers > 0 ? Math.max(0, instead) / strangers : before.part;
  if (isShort) {
    // Up to where nothing speaks for a drop, and no further: else chance would only ever be filled up, and add up to a rise.
    const enough = (1 + breakEven) / 2;
    expectLess(sum, Math.min(expected, Math.max(expected - moved, seen / enough)));
    sum.seen += Math.max(0, Math.min(instead, enough * sum.expected - seen));
  }
  if (besides <= 0 && moved <= 0 && part <= 0) return NO_NEWCOMERS;
  return { besides, moved, part, hasMoved: isShort && sum.seen >= breakEven * sum.expected };
}

/** How uncertain the forecast is, and of what size its events are, stays as it was. */
function expectLess(sum: RollUpSum, expected: number): void {
  const factor = expected / sum.expected;
  sum.expected = expected;
  sum.filter *= factor * factor;
  sum.noise *= factor;
  sum.skew *= factor;
}
