/**
 * When a country breaks, do the others ring? Pipelines of few segments, countries x formats, all roll-ups watched; twenty breaks of half an hour in each
 * world, the first on the third day. Prints bells of what did not break, within 200 minutes from the beginning, and in how many
 * breaks there were any; then breaks that were told, by a roll-up that broke as a whole, and by any of its segments.
 * `--breaks 20 --seed 1 --only 3x4` choose.
 */
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/core/random.ts';
import type { DetectorContext, SeriesInput } from '../../src/detectors/detector.ts';
import { evidenceConfig } from '../../src/detectors/evidence/config.ts';
import { evidence } from '../../src/detectors/evidence/evidence.ts';

const MINUTE = 60_000;
const DAY = 1_440;
const BREAKS = 2 * DAY + 300;
const LASTS = 30;
const END = BREAKS + 200;
const IMPRESSIONS_PER_CLICK = 50;

interface Segment {
  readonly country: number;
  readonly format: number;
}

interface World {
  readonly name: string;
  readonly countries: number;
  readonly formats: number;
  /** Clicks, or events, a minute of a segment on average; `sizes`: times so many, by country. */
  readonly rate: number;
  readonly sizes?: readonly number[];
  readonly factor: number;
  /** Traffic is watched, not CTR. */
  readonly isTraffic?: boolean;
  breaks(segment: Segment): boolean;
}

const first = ({ country }: Segment): boolean => country === 0;
const two = ({ country }: Segment): boolean => country < 2;
const format = (segment: Segment): boolean => segment.format === 0;
const all = (): boolean => true;
const small = { countries: 3, formats: 4, rate: 10, breaks: first };

const WORLDS: readonly World[] = [
  { ...small, name: 'CTR x0.2', factor: 0.2 },
  { ...small, name: 'CTR x0.5', factor: 0.5 },
  { ...small, name: 'CTR x3', factor: 3 },
  { ...small, name: 'silence', factor: 0, isTraffic: true },
  { ...small, name: 'traffic x0.3', factor: 0.3, isTraffic: true },
  { ...small, name: 'traffic x3.5', factor: 3.5, isTraffic: true },
  { ...small, name: 'CTR x0.2', factor: 0.2, rate: 3 },
  { ...small, name: 'CTR x0.2', factor: 0.2, rate: 100 },
  { ...small, name: 'CTR x0.2, with three times the traffic', factor: 0.2, sizes: [3, 1, 1] },
  { ...small, name: 'CTR x0.2 of a format', factor: 0.2, breaks: format },
  { ...small, name: 'CTR x0.2, one of two', factor: 0.2, countries: 2, formats: 6 },
  { ...small, name: 'CTR x0.2 of two of four', factor: 0.2, countries: 4, breaks: two },
  { ...small, name: 'CTR x0.2', factor: 0.2, countries: 7, formats: 3 },
  { ...small, name: 'CTR x0.2 of two of seven', factor: 0.2, countries: 7, formats: 3, breaks: two },
  { ...small, name: 'CTR x0.2', factor: 0.2, formats: 12 },
  { ...small, name: 'CTR x0.2 of two of three', factor: 0.2, formats: 12, breaks: two },
  { ...small, name: 'CTR x0.2 of all', factor: 0.2, breaks: all },
  { ...small, name: 'no click of anybody', factor: 0, breaks: all },
];

const { values: options } = parseArgs({
  options: { breaks: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' }, only: { type: 'string', default: '' } },
});

for (const world of WORLDS) {
  const { countries, formats, rate } = world;
  const title = `${countries}x${formats}, ${rate} a minute, ${world.name}`;
  if (!title.includes(options.only)) continue;
  const plays = Array.from({ length: Number(options.breaks) }, (_, at) => play(world, Number(options.seed) + at));
  const others = plays.map((bells) => bells.filter((bell) => bell === 'other').length);
  const by = (bell: Bell): number => plays.filter((bells) => bells.includes(bell)).length;
  const sum = others.reduce((total, each) => total + each, 0);
  const within = others.filter((each) => each > 0).length;
  console.log(`${title.padEnd(60)} others ${sum} in ${within} of ${plays.length}, told ${by('roll-up')}, by segments ${by('segment')}`);
}

/** Of what broke as a whole, and of what did not at all; undefined: of what broke in part. */
type Bell = 'roll-up' | 'segment' | 'other' | undefined;

/** Bells of one break. */
function play(world: World, seed: number): Bell[] {
  const { rate, factor, sizes, isTraffic = false } = world;
  const segments = Array.from({ length: world.countries * world.formats }, (_, at) => ({
    country: Math.floor(at / world.formats),
    format: at % world.formats,
  }));
  const series = [
    { labels: {}, members: segments },
    ...Array.from({ length: world.countries }, (_, country) => ({
      labels: { country: `${country}` },
      members: segments.filter((segment) => segment.country === country),
    })),
    ...segments.map((segment) => ({ labels: { country: `${segment.country}`, format: `${segment.format}` }, members: [segment] })),
  ];
  const measure: DetectorContext['measure'] = isTraffic
    ? { kind: 'count', name: 'n', source: 'events', where: [] }
    : { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' };
  const detector = evidence.create(evidenceConfig.parse({ down: '50%', up: isTraffic ? '200%' : '100%' }), {
    measure,
    window: { name: '1m', sizeMs: MINUTE, slideMs: MINUTE },
    adds: 'events',
    budget: { falseAlarmsPerDay: 1, tests: 4 },
    groupings: [['country', 'format'], ['country'], []],
  });
  const random = createRandom(seed);
  const states: unknown[] = series.map(() => undefined);
  const on = series.map(() => false);
  const bells: Bell[] = [];
  let shared: unknown;
  for (let minute = 0; minute < END; minute++) {
    const isBroken = minute >= BREAKS && minute < BREAKS + LASTS;
    const day = 1 + 0.5 * Math.sin((2 * Math.PI * minute) / DAY);
    const parts = new Map(
      segments.map((segment) => {
        const usual = rate * day * (sizes?.[segment.country] ?? 1);
        const now = isBroken && world.breaks(segment) ? factor : 1;
        if (isTraffic) return [segment, { amount: random.poisson(usual * now), exposure: 1 }];
        const exposure = random.poisson(usual * IMPRESSIONS_PER_CLICK);
        return [segment, { amount: random.poisson((exposure / IMPRESSIONS_PER_CLICK) * now), exposure }];
      }),
    );
    const inputs = series.map(({ labels, members }, at): SeriesInput<unknown> => {
      const amount = members.reduce((sum, member) => sum + parts.get(member)!.amount, 0);
      const exposure = isTraffic ? 1 : members.reduce((sum, member) => sum + parts.get(member)!.exposure, 0);
      const [value, volume] = isTraffic ? [amount, amount] : [(100 * amount) / exposure, exposure];
      const time = { startMs: minute * MINUTE, endMs: (minute + 1) * MINUTE };
      return { state: states[at], observation: { ...time, labels, value, volume, absent: volume === 0, parts: { amount, exposure } } };
    });
    const judged = detector.observeWindow(inputs, shared);
    shared = judged.shared;
    judged.steps.forEach(({ state, verdicts }, at) => {
      states[at] = state;
      const isOn = verdicts.some(({ status }) => status === 'firing');
      const isNew = isOn && !on[at];
      if (verdicts.length > 0) on[at] = isOn;
      if (!isNew || minute < BREAKS) return;
      const { members } = series[at]!;
      const broken = members.filter((member) => world.breaks(member)).length;
      if (broken === 0) bells.push('other');
      else if (broken === members.length) bells.push(members.length > 1 ? 'roll-up' : 'segment');
      else bells.push(undefined);
    });
  }
  return bells;
}
