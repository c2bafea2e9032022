/** What can be made to break, and which events that takes. */
export const SCENARIO_NAMES = ['ctr-drop', 'ctr-spike', 'traffic-spike', 'revenue-drop'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export interface Scenario {
  readonly name: ScenarioName;
  readonly title: string;
  /** Which alert it is meant to ring. */
  readonly alertType: string;
  /** What the value is multiplied by where nothing is chosen. */
  readonly strength: number;
  /** `country/ad_format` where nothing is chosen: another one for each, so that all can break at once. */
  readonly segment: string;
  /** For people. */
  readonly what: string;
}

/** Per second. */
export interface Traffic {
  readonly impressions: number;
  readonly clicks: number;
}

/** `revenue`: times what an impression earns. */
export interface Mix extends Traffic {
  readonly revenue: number;
}

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  'ctr-drop': {
    name: 'ctr-drop',
    title: 'CTR drop: a broken creative',
    alertType: 'ctr_drop',
    strength: 0.4,
    segment: 'UK/banner',
    what: 'the click-through rate',
  },
  'ctr-spike': {
    name: 'ctr-spike',
    title: 'CTR spike: bots that click',
    alertType: 'ctr_spike',
    strength: 3,
    segment: 'KR/banner',
    what: 'the click-through rate',
  },
  'traffic-spike': {
    name: 'traffic-spike',
    title: 'Traffic spike: a flood of impressions',
    alertType: 'traffic_spike',
    strength: 5,
    segment: 'JP/banner',
    what: 'the number of impressions',
  },
  'revenue-drop': {
    name: 'revenue-drop',
    title: 'Revenue drop: a wrong bid price',
    alertType: 'revenue_drop',
    strength: 0.4,
    segment: 'DE/banner',
    what: 'the revenue of an impression',
  },
};

/** A drop is more than 0 and less than 1, a rise above 1. */
export function isStrength(name: ScenarioName, strength: number): boolean {
  return name.endsWith('drop') ? strength > 0 && strength < 1 : strength > 1 && strength <= STRENGTH_MAX;
}

export function strengthText(name: ScenarioName): string {
  return name.endsWith('drop')
    ? 'more than 0 and less than 1: 0.4 is a drop by 60 %'
    : `more than 1 and at most ${STRENGTH_MAX}: 3 is three times as much`;
}

const STRENGTH_MAX = 50;

/** What to send beside a segment's own traffic, so that its value comes out `strength` times what it is. */
export function extraTraffic(name: ScenarioName, strength: number, { impressions, clicks }: Traffic): Mix {
  const more = strength - 1;
  // What is diluted to a share needs so many times its own volume of the empty kind.
  const dilution = 1 / strength - 1;
  if (name === 'ctr-drop') return { impressions: impressions * dilution, clicks: 0, revenue: 1 };
  if (name === 'ctr-spike') return { impressions: 0, clicks: clicks * more, revenue: 1 };
  if (name === 'traffic-spike') return { impressions: impressions * more, clicks: clicks * more, revenue: 1 };
  return { impressions: impressions * dilution, clicks: clicks * dilution, revenue: 0 };
}

/** A segment without traffic of its own gets all of it from here. */
export function wholeTraffic(name: ScenarioName, strength: number, { impressions, clicks }: Traffic): Mix {
  if (name === 'traffic-spike') return { impressions: impressions * strength, clicks: clicks * strength, revenue: 1 };
  if (name === 'revenue-drop') return { impressions, clicks, revenue: strength };
  return { impressions, clicks: clicks * strength, revenue: 1 };
}
