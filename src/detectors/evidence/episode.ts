/** The life of an alarm in one series: it rings, recovers or lasts. While it is on nothing is learnt. */
import { learnBlock, logRate, openLevel, renewVariance } from './baseline.ts';
import { blockError } from './blocks.ts';
import { doubtWaiting, habitRatio } from './habits.ts';
import type { Kit } from './kit.ts';
import { At, Baseline, HAS_LASTED, Status, WAS_HELD } from './layout.ts';
import type { SeriesState } from './layout.ts';
import { countDrop, lognormalPoisson, moneyDrop, moneyRise } from './log-likelihood.ts';
import type { Model } from './model.ts';
import { noiseOf, noiseOfBlock } from './noise.ts';
import { likelihoodRatio } from './scan.ts';
import type { Evidence } from './scan.ts';
import { sumBack } from './sums.ts';
import { errorAt, expectLargerClumps } from './tracked-error.ts';

/**
 * The rate that tells "it goes on" from "it is over" is the root of the alarm's, within these limits. The nearer one is no farther out than the
 * root of the smallest change worth a bell, or what still rings would count as over.
 */
const HALFWAY_LEAST = 1.3;
const HALFWAY_MOST = 3;
/** No slot says more than this that it is over: as its minutes do, but one alone may look well by chance, so two at least have to. */
const BACK_CLIP_PER_MINUTE = 2;
const BACK_CLIP = 3;
const BACK_ENOUGH = 4;
const BACK_DOUBT = 1.5;
/** Parts of the longest span after which a step is taken for lasting: at once, or when in doubt. */
const LASTING = 1.25;
const LASTING_IN_DOUBT = 2;
const RELEARN = 0.25;
/** A level lasts anew once its newest quarter lies so many squared deviations off: a break in a step, say. So long that is waited for. */
const UNSTEADY_SQUARES = 12;
const LASTING_UNSTEADY = 4;
/** Events that are added where logarithms are compared. */
const PSEUDO = 0.5;
/**
 * What yesterday lets expect is believed where it lies this far out, in squared deviations. For each that it lacks so much less evidence may be
 * left: by chance yesterday hardly ever explains all of a break, while of a habit little is left also where yesterday fell short of it.
 */
const HABIT_SQUARES = 8;
const HABIT_DOUBT = 2;
/**
 * How far below the threshold the evidence has to fall once yesterday is taken into account. The threshold is for windows all day long; habits
 * are for an hour of it or so, and leave as many fewer in which chance may go beyond them.
 */
const HABIT_MARGIN = Math.log(24);

/** What evidence is held against. */
export interface Bar {
  /** Log evidence to be reached. */
  readonly threshold: number;
  /** Money: as in `skewOf`. */
  readonly skew: number;
}

/** The evidence of `isDrop` is enough: the episode begins, told or, where it is a habit, kept to itself. */
export function beginEpisode(state: SeriesState, model: Model, slot: number, evidence: Evidence, isDrop: boolean, bar: Bar): void {
  const { numbers } = state;
  const isHabit = isHabitual(state, model, slot, evidence, isDrop, bar);
  if (isDrop) numbers[At.status] = isHabit ? Status.heldDrop : Status.drop;
  else numbers[At.status] = isHabit ? Status.heldRise : Status.rise;
  numbers[At.onSlots] = 0;
  numbers[At.reach] = 0;
  numbers[At.back] = 0;
  numbers[At.rangEvidence] = evidence.log;
  numbers[At.rangThreshold] = bar.threshold;
  numbers[At.rangSlots] = evidence.slots;
  numbers[At.rangObserved] = evidence.seen;
  numbers[At.rangExpected] = evidence.expected;
  numbers[At.rangVariance] = evidence.variance;
  numbers[At.rangNoise] = evidence.noise;
  learnNothingOf(numbers, model, slot, evidence.slots);
  const { blockSlots } = model.grid;
  const block = Math.floor(slot / blockSlots);
  if (!isHabit) doubtWaiting(state, model, block, block - Math.floor((slot - evidence.slots + 1) / blockSlots));
}

/** Of the newest `slots` none is learnt. */
function learnNothingOf(numbers: Float32Array, { grid, layout }: Model, slot: number, slots: number): void {
  numbers[At.exposure] = 0;
  const block = Math.floor(slot / grid.blockSlots);
  for (let at = Math.floor((slot - slots + 1) / grid.blockSlots); at <= block; at++) {
    if (block - at >= grid.pendingBlocks) continue;
    numbers[layout.pendingSeen + (at % grid.pendingBlocks)] = 0;
    numbers[layout.pendingExposure + (at % grid.pendingBlocks)] = 0;
  }
}

/** What yesterday was leaves too little of the evidence. */
export function isHabitual(
  state: SeriesState,
  model: Model,
  slot: number,
  { seen, expected, clump, alike, whole, noise, slots, log, spanLog }: Evidence,
  isDrop: boolean,
  { threshold, skew }: Bar,
): boolean {
  const ratio = habitRatio(state, model, slot, slots, isDrop);
  if (ratio === 1) return false;
  const usual = expected * ratio;
  const { blockSlots } = model.grid;
  const blocks = Math.floor(slot / blockSlots) - Math.floor((slot - slots + 1) / blockSlots) + 1;
  // Yesterday is known by whole blocks, of which the span may be a small part.
  const part = slots / (blocks * blockSlots);
  const isMoney = model.form === 'money';
  const squares = Math.log(ratio) ** 2 / (part * (isMoney ? noise : 1 / Math.max(expected, usual)) + whole);
  const doubt = HABIT_DOUBT * Math.max(0, HABIT_SQUARES - squares);
  // Yesterday is as uncertain as today is before the minutes at hand correct it.
  const wider = alike + whole + part * (isMoney ? noise : 1 / usual);
  const before = likelihoodRatio(model, isDrop, seen / clump, expected / clump, alike, noise, skew);
  const after = likelihoodRatio(model, isDrop, seen / clump, usual / clump, wider, noise, skew);
  return (before > 0 ? Math.min(log, spanLog) + Math.log(after / before) : -Infinity) < threshold - HABIT_MARGIN - doubt;
}

/**
 * For how many slots what would ring has been on: those of the span, or fewer where it begins with calm ones. 0: it has already ended: within the
 * span, slot by slot, the evidence that it is over is enough, or its beginning alone explains what came. A bell for what is over helps nobody.
 */
export function slotsOn(numbers: Float32Array, kit: Kit, slot: number, evidence: Evidence, isDrop: boolean): number {
  const { grid } = kit.model;
  const slots = Math.min(evidence.slots, grid.olderBlocks > 0 ? grid.recent - grid.blockSlots + 1 : grid.recent);
  const ratio = evidence.seen / evidence.expected;
  let on = evidence.slots;
  let back = 0;
  for (let ago = slots - 1; ago >= 0; ago--) {
    const before = back;
    // After calm slots, what goes on says so with all its weight.
    back = stepBack(numbers, kit, slot - ago, back, ratio, isDrop, Infinity);
    if (before > BACK_ENOUGH && back <= BACK_ENOUGH) on = ago + 1;
  }
  return back > BACK_ENOUGH || wasBriefer(numbers, kit, slot, slots, evidence, isDrop) ? 0 : on;
}

/**
 * Log likelihood ratio, at rates that fit best, of "its first slots alone were out" against "all of them were", the largest over where it
 * ended: a few minutes of many clicks, long over, that a single click makes ring. Quasi-likelihood: its variance goes with the mean.
 */
function wasBriefer(
  numbers: Float32Array,
  { model, shrinkage }: Kit,
  slot: number,
  slots: number,
  { seen, expected, slots: all }: Evidence,
  isDrop: boolean,
): boolean {
  const { recentSeen, recentExpected } = model.layout;
  const grain = noiseOf(numbers, model, 1) + (errorAt(numbers, model, shrinkage, 0) * expected) / all;
  const least = fitOf(seen, expected) + BACK_ENOUGH * grain;
  let [S, M] = [seen, expected];
  for (let ago = 0; ago < slots; ago++) {
    const place = (slot - ago) % model.grid.recent;
    S -= numbers[recentSeen + place]!;
    M -= numbers[recentExpected + place]!;
    if (M > 0 && S < M === isDrop && fitOf(S, M) > least) return true;
  }
  return false;
}

/** Deviance, halved, of an amount where the variance is the mean. */
function fitOf(S: number, M: number): number {
  return (S > 0 ? S * Math.log(S / M) : 0) - S + M;
}

/**
 * Nothing rings for what has ended; no evidence reaches back to it, and nothing is learnt of it. It is no edge of what was held for a
 * habit; what is still to be said of an episode before stays.
 */
export function discard(numbers: Float32Array, model: Model, slot: number, slots: number): void {
  numbers[At.reach] = 0;
  if (numbers[At.back] !== HAS_LASTED) numbers[At.back] = 0;
  numbers[At.suspicion] = 0;
  learnNothingOf(numbers, model, slot, slots);
}

/** One full slot of an episode. */
export function stepEpisode({ numbers }: SeriesState, kit: Kit, slot: number): void {
  numbers[At.onSlots]! += 1;
  const back = stepBack(numbers, kit, slot, numbers[At.back]!, soberRatio(numbers, kit.model), isDropping(numbers));
  numbers[At.back] = back;
  const spans = numbers[At.onSlots]! / kit.model.grid.slotsMax;
  if (back > BACK_ENOUGH) endEpisode(numbers);
  else if (isLasting(numbers, kit, slot, spans, back)) {
    endEpisode(numbers);
    if (numbers[At.back] !== WAS_HELD) numbers[At.back] = HAS_LASTED;
    if (numbers[At.baseline] === Baseline.own) takeNewLevel(numbers, kit, slot);
  }
}

/** Of the alarm: what rang was out by more than the rest will be, or it had rung later. Nearer to 1 by a standard deviation. */
function soberRatio(numbers: Float32Array, model: Model): number {
  const [seen, expected] = [numbers[At.rangObserved]!, numbers[At.rangExpected]!];
  const noise = model.form === 'money' ? numbers[At.rangNoise]! : 1 / (seen + PSEUDO);
  const out = Math.log((Math.max(0, seen) + PSEUDO * noiseOf(numbers, model, 1)) / expected);
  const less = Math.sqrt(numbers[At.rangVariance]! + noise);
  return Math.exp(Math.sign(out) * Math.max(0, Math.abs(out) - less));
}

/** `spans`: for which the episode has been on. */
function isLasting(numbers: Float32Array, kit: Kit, slot: number, spans: number, back: number): boolean {
  const { slotsMax } = kit.model.grid;
  const level = (numbers[At.reach] = isSteady(numbers, kit, slot) ? numbers[At.reach]! + 1 : relearnt(slotsMax));
  if (spans < LASTING || (spans < LASTING_IN_DOUBT && back >= BACK_DOUBT)) return false;
  return spans >= LASTING_UNSTEADY || level >= LASTING * slotsMax;
}

/** The newest quarter, which would be learnt, is on the level that the episode's slots before are on. */
function isSteady(numbers: Float32Array, { model, shrinkage, sum }: Kit, slot: number): boolean {
  const newest = relearnt(model.grid.slotsMax);
  const slots = Math.min(numbers[At.reach]!, model.grid.slotsMax);
  if (slots < 2 * newest) return true;
  sumBack(numbers, model, slot, newest, sum);
  const { seen: S, expected: M } = sum;
  sumBack(numbers, model, slot, slots, sum);
  const [seenBefore, before] = [sum.seen - S, sum.expected - M];
  if (M <= 0 || before <= 0) return true;
  const out = Math.log(((Math.max(0, S) + PSEUDO) * before) / ((Math.max(0, seenBefore) + PSEUDO) * M));
  const noise = noiseAt(numbers, model, S, M) + noiseAt(numbers, model, seenBefore, before);
  const variance = noise + errorAt(numbers, model, shrinkage, 2) + errorAt(numbers, model, shrinkage, 3);
  return out * out <= UNSTEADY_SQUARES * variance;
}

/** Relative variance of what came; of counts it goes by their own size. */
function noiseAt(numbers: Float32Array, model: Model, seen: number, expected: number): number {
  return model.form === 'money' ? noiseOf(numbers, model, expected) : 1 / (Math.max(0, seen) + PSEUDO);
}

function relearnt(slotsMax: number): number {
  return Math.max(1, Math.round(RELEARN * slotsMax));
}

/** The evidence that it is over, one slot on. `ratio`: of the alarm; `most`: that a slot may say against it, undefined: as much as for it. */
function stepBack(
  numbers: Float32Array,
  { model, shrinkage }: Kit,
  slot: number,
  back: number,
  ratio: number,
  isDrop: boolean,
  most?: number,
): number {
  const place = slot % model.grid.recent;
  const S = numbers[model.layout.recentSeen + place]!;
  const M = numbers[model.layout.recentExpected + place]!;
  if (M <= 0) return back;
  const T = shrinkage.bold * numbers[At.variance]! + errorAt(numbers, model, shrinkage, 0);
  // Of amounts that are paid back it may be below 0.
  const root = Math.sqrt(Math.max(0, ratio));
  const theta = isDrop
    ? Math.min(Math.max(1 / HALFWAY_LEAST, Math.sqrt(model.smallestDrop ?? 0)), Math.max(1 / HALFWAY_MOST, root))
    : Math.min(HALFWAY_MOST, Math.max(Math.min(HALFWAY_LEAST, Math.sqrt(model.smallestRise ?? Infinity)), root));
  const goesOn = logOfGoingOn(numbers, model, S, M, T, theta);
  const clip = Math.min(BACK_CLIP, BACK_CLIP_PER_MINUTE * model.grid.slotMinutes);
  return Math.max(0, back - Math.min(most ?? clip, Math.max(-clip, goesOn)));
}

function logOfGoingOn(numbers: Float32Array, model: Model, S: number, M: number, T: number, theta: number): number {
  const logTheta = Math.log(theta);
  if (model.form === 'money') {
    const k = 1 / (noiseOf(numbers, model, M) + T);
    return theta < 1 ? moneyDrop(S / M, k, logTheta, theta) : moneyRise(S / M, k, logTheta);
  }
  return theta < 1 ? countDrop(S, M, T, logTheta, theta) : lognormalPoisson(S, M, T, logTheta) - lognormalPoisson(S, M, T, 0);
}

function endEpisode(numbers: Float32Array): void {
  if (isHeld(numbers)) numbers[At.back] = WAS_HELD;
  numbers[At.status] = Status.calm;
  numbers[At.reach] = 0;
  numbers[At.suspicion] = 0;
  numbers[At.exposure] = 0;
}

/** The step lasts: its newest quarter of an hour is learnt at once. */
function takeNewLevel(numbers: Float32Array, kit: Kit, slot: number): void {
  const { model, work, shrinkage, sum } = kit;
  const { grid, rhythm } = model;
  const slots = relearnt(grid.slotsMax);
  sumBack(numbers, model, slot, slots, sum);
  const { seen, expected } = sum;
  if (expected <= 0) return openLevel(numbers, model, 0);
  const least = PSEUDO * noiseOf(numbers, model, 1);
  const height = Math.log((Math.max(0, seen) + least) / (expected + least));
  openLevel(numbers, model, height);
  if (model.form !== 'money') expectLargerClumps(numbers, model, shrinkage, height);
  const row = rhythm.at((slot - (slots - 1) / 2) * grid.slotMinutes);
  const exposure = expected / Math.exp(logRate(numbers, model, row));
  const noise = noiseOfBlock(numbers, model, expected, exposure);
  learnBlock(numbers, model, row, { seen, expected, noise, error: blockError(numbers, kit), isYoung: false }, work);
  renewVariance(numbers, model, rhythm.at(slot * grid.slotMinutes), (slots / 2) * grid.slotMinutes, work);
}

export function isDropping(numbers: Float32Array): boolean {
  return numbers[At.status] === Status.drop || numbers[At.status] === Status.heldDrop;
}

export function isHeld(numbers: Float32Array): boolean {
  return numbers[At.status] === Status.heldDrop || numbers[At.status] === Status.heldRise;
}
