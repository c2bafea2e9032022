/** What `tocsin simulate` asks on a terminal where it was not told. */
import { confirm, isCancel, select } from '@clack/prompts';
import { scenarios, SCENARIO_NAMES, type ScenarioName } from '../app/simulate/scenarios.ts';
import { createSegments } from '../sources/generator/market.ts';

export interface SimulateOptions {
  readonly pipeline?: string;
  readonly topic?: string;
  readonly segment?: string;
  readonly strength?: number;
  readonly for?: number;
  readonly yes: boolean;
  readonly data: string;
  readonly json: boolean;
}

type Asked = Pick<SimulateOptions, 'segment' | 'strength' | 'for'>;

export interface Choice extends Asked {
  readonly scenario: ScenarioName | 'all';
}

const STRENGTHS: Readonly<Record<'drop' | 'rise', readonly { value: number; label: string }[]>> = {
  drop: [
    { value: 0.4, label: 'to 40 %' },
    { value: 0.2, label: 'to 20 %' },
    { value: 0.05, label: 'to 5 %' },
    { value: 0.8, label: 'to 80 %: too little to ring' },
  ],
  rise: [
    { value: 3, label: 'three times as much' },
    { value: 5, label: 'five times as much' },
    { value: 10, label: 'ten times as much' },
    { value: 1.3, label: 'a third more: too little to ring' },
  ],
};
const DURATIONS = [
  { value: 0, label: 'two windows of the detector' },
  { value: 30_000, label: '30 seconds' },
  { value: 60_000, label: 'a minute' },
  { value: 300_000, label: 'five minutes' },
];

/** Undefined where the person changed their mind. */
export async function askChoice(given: Asked): Promise<Choice | undefined> {
  const scenario = await select<ScenarioName | 'all'>({
    message: 'What shall break?',
    options: [
      ...SCENARIO_NAMES.map((value) => ({ value, label: scenarios[value].title })),
      { value: 'all', label: 'All of them at once, in four segments' },
    ],
  });
  if (isCancel(scenario)) return undefined;
  const segment = scenario === 'all' ? undefined : (given.segment ?? (await askSegment(scenario)));
  if (typeof segment === 'symbol') return undefined;
  const strength = scenario === 'all' ? undefined : (given.strength ?? (await askStrength(scenario)));
  if (typeof strength === 'symbol') return undefined;
  const forMs = given.for ?? (await select({ message: 'For how long?', options: DURATIONS }));
  if (isCancel(forMs)) return undefined;
  return {
    scenario,
    ...(segment !== undefined && { segment }),
    ...(strength !== undefined && { strength }),
    ...(forMs > 0 && { for: forMs }),
  };
}

function askSegment(scenario: ScenarioName) {
  return select({
    message: 'In which segment?',
    options: createSegments().map(({ country, ad_format: format }) => ({ value: `${country}/${format}`, label: `${country} ${format}` })),
    initialValue: scenarios[scenario].segment,
    maxItems: 10,
  });
}

function askStrength(scenario: ScenarioName) {
  return select({
    message: `How much? ${scenarios[scenario].what} goes`,
    options: [...STRENGTHS[scenario.endsWith('drop') ? 'drop' : 'rise']],
    initialValue: scenarios[scenario].strength,
  });
}

export async function askToGoOn(): Promise<boolean> {
  return (await confirm({ message: 'Send it?' })) === true;
}
