/** When to send what: the phases of one scenario on one segment. */
import type { Segment } from '../../sources/generator/market.ts';
import type { Detection } from './detection.ts';
import { extraTraffic, wholeTraffic, type Mix, type Scenario, type Traffic } from './scenarios.ts';

export interface Phase {
  readonly name: 'normal' | 'break' | 'after';
  readonly ms: number;
  /** Per second. */
  readonly mix: Mix;
}

export interface Plan {
  readonly scenario: Scenario;
  readonly segment: Segment;
  readonly strength: number;
  readonly phases: readonly Phase[];
  /** The segment has traffic of its own, which is what breaks. */
  readonly isLive: boolean;
  readonly detection: Detection;
}

export interface PlanChoice {
  readonly scenario: Scenario;
  readonly segment: Segment;
  readonly strength: number;
  /** How long it is broken, ms; default two windows, so that one is whole. */
  readonly forMs?: number;
}

/** A window of a segment without traffic of its own: 1,000 impressions with 50 clicks, or as much as the detector asks for. */
const NORMAL = { impressions: 1_000, clicks: 50 } as const;

export function planOf(choice: PlanChoice, live: Traffic, detection: Detection, outOfOrdernessMs: number): Plan {
  const { scenario, segment, strength } = choice;
  const { windowMs, warmUp, minVolume } = detection;
  const forMs = choice.forMs ?? 2 * windowMs;
  const perSecond = 1_000 / windowMs;
  const isLive = live.impressions > 0 && live.impressions / perSecond >= Math.max(minVolume, 1);
  if (isLive) {
    return {
      scenario,
      segment,
      strength,
      isLive,
      detection,
      phases: [{ name: 'break', ms: forMs, mix: extraTraffic(scenario.name, strength, live) }],
    };
  }
  const scale = Math.max(1, (2 * minVolume) / NORMAL.impressions) * perSecond;
  const normal = { impressions: NORMAL.impressions * scale, clicks: NORMAL.clicks * scale };
  const calm = { ...normal, revenue: 1 };
  return {
    scenario,
    segment,
    strength,
    isLive,
    detection,
    phases: [
      // The first window is cut off at its start, and one more is in doubt.
      { name: 'normal', ms: (warmUp + 2) * windowMs, mix: calm },
      { name: 'break', ms: forMs, mix: wholeTraffic(scenario.name, strength, normal) },
      // A window is final when events have passed its end.
      { name: 'after', ms: windowMs + outOfOrdernessMs + 1_000, mix: calm },
    ],
  };
}

/** What dilutes the value of live traffic is traffic too: none of its own can be taken away. */
export function isCrowded({ scenario, isLive, phases }: Plan): boolean {
  return isLive && scenario.name !== 'traffic-spike' && phases.some(({ mix }) => mix.impressions > 0);
}

export function planMs(plan: Plan): number {
  return plan.phases.reduce((sum, { ms }) => sum + ms, 0);
}
