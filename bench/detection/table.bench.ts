/**
 * The table of all figures of detection, with the counts beside each rate, from what the other two benches have written:
 * `bench/out/adsim.json` (`adsim.bench.ts --all`) and `bench/out/series.json`. It measures nothing itself; what was not measured is left out.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { countOf, sumOf, type AdsimResult, type Count, type Score, type Series } from './adsim-score.ts';

interface Row {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
}

/** As far as `series.json` is used here. */
interface SeriesResult {
  readonly kpi: {
    readonly fixed: { readonly f1: number; readonly foundStretches: number; readonly stretches: number; readonly falsePositives: number };
    readonly falseAlarms: { readonly weeks: number; readonly episodes: number; readonly beyondChance: readonly unknown[] };
  };
  readonly nab: {
    readonly budget: Readonly<
      Record<
        'standard' | 'lowFalsePositives' | 'lowFalseNegatives',
        { score: number; found: number; windows: number; falsePositives: number }
      >
    >;
  };
}

const OUT = new URL('../out/', import.meta.url);
/** With injections of their own: no week of theirs is like those of the others. */
const OTHER_KINDS = 'drops';

const adsim = written('adsim.json') as AdsimResult | undefined;
const labelled = written('series.json') as SeriesResult | undefined;
const rows = [...(adsim ? adsimRows(adsim.series) : []), ...(labelled ? labelledRows(labelled) : [])];
if (rows.length === 0) console.log('detection: nothing was measured yet');
else {
  if (adsim) console.log(`AdSim: seeds ${adsim.seeds.join(' ')}, of 1,000 segments the first alone\n`);
  console.log(['| what | wanted | measured |', '| --- | --- | --- |', ...rows.map(lineOf)].join('\n'));
  writeFileSync(new URL('detection.json', OUT), `${JSON.stringify({ name: 'detection', seeds: adsim?.seeds ?? [], rows }, null, 2)}\n`);
}

function written(name: string): unknown {
  const file = new URL(name, OUT);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function lineOf({ what, wanted, measured }: Row): string {
  return `| ${what} | ${wanted} | ${measured} |`;
}

function adsimRows(all: readonly Series[]): Row[] {
  const [least] = all.map(({ segments }) => segments).sort((a, b) => a - b);
  const usual = all.filter(({ segments, budget }) => segments === least && budget === 1);
  const named = (name: string): Series | undefined => usual.find(({ regime }) => regime === name);
  const others = usual.filter(({ regime }) => !['base', 'hard', OTHER_KINDS].includes(regime));
  const together = usual.filter(({ regime }) => regime !== OTHER_KINDS).flatMap(({ scores }) => scores);
  const many = all.find(({ regime, segments, budget }) => regime === 'base' && segments > least! && budget === 1);
  const costs = usual.flatMap(({ scores }) => scores.map(({ cost }) => cost.microsecondsPerObservation)).sort((a, b) => a - b);
  return [
    ...(many ? [falseRow(many, '<= 1')] : []),
    ...usual.map((one) => falseRow(one, others.includes(one) ? '<= 2' : '<= 1')),
    { what: 'false alarms a day, all of these together', wanted: '<= 1', measured: falseOf(together) },
    ...all.filter(({ budget }) => budget !== 1).map((one) => falseRow(one, `towards ${one.budget}, not above`)),
    ...usual.map(({ regime, scores }) => ({
      what: `precision, ${regime}`,
      // There a bell that comes after ten minutes of a break counts as wrong.
      wanted: regime === OTHER_KINDS ? '' : '>= .99',
      measured: rateOf(
        countOf(scores, ({ precision }) => precision),
        4,
      ),
    })),
    ...['base', 'hard', OTHER_KINDS].flatMap((name) => found(named(name))),
    {
      what: 'cost of a row (all tests of a segment and window), median of the runs',
      wanted: '<= 2 us',
      measured: `${(costs[costs.length >> 1] ?? Number.NaN).toFixed(2)} us (${costs[0]?.toFixed(2)} to ${costs.at(-1)?.toFixed(2)}, by the clock)`,
    },
    {
      what: 'state of a segment, habits included',
      wanted: '<= 3,000 bytes',
      measured: `${usual[0]?.scores[0]?.cost.stateBytesPerSegment} bytes`,
    },
  ];
}

function falseRow({ regime, segments, budget, scores }: Series, wanted: string): Row {
  const what = `false alarms a day, ${regime}, ${segments.toLocaleString('en-US')} segments, budget ${budget}`;
  return { what, wanted, measured: falseOf(scores) };
}

function falseOf(scores: readonly Score[]): string {
  const count = sumOf(scores, ({ falseAlarms }) => falseAlarms.count);
  const days = sumOf(scores, (score) => score.days);
  return `${(count / days).toFixed(2)} (${count} in ${days} days)`;
}

/** Of each kind of break: found in time, and what can be. */
function found(one: Series | undefined): Row[] {
  if (!one) return [];
  const { regime, scores } = one;
  return (scores[0]?.kinds ?? []).map(({ kind }, index) => {
    const recall = countOf(scores, (score) => score.kinds[index]?.recall);
    const bound = countOf(scores, (score) => score.kinds[index]?.informationBound);
    const delays = scores.flatMap((score) => score.kinds[index]?.medianDelayMinutes ?? []).sort((a, b) => a - b);
    const minutes = delays.length === 0 ? '' : `, median ${delays[0]} to ${delays.at(-1)} min`;
    return { what: `found, ${regime}, ${kind}`, wanted: `bound ${share(bound, 3)}`, measured: `${rateOf(recall, 3)}${minutes}` };
  });
}

function labelledRows({ kpi, nab }: SeriesResult): Row[] {
  const { fixed, falseAlarms } = kpi;
  const { standard, lowFalsePositives, lowFalseNegatives } = nab.budget;
  const rate = (falseAlarms.episodes / falseAlarms.weeks).toFixed(2);
  return [
    {
      what: 'KPI series, F1 at a delay of 7, on the last 40 %, threshold from the first 60 %',
      wanted: '>= .83',
      measured: `${fixed.f1.toFixed(3)} (${fixed.foundStretches} of ${fixed.stretches} stretches, ${fixed.falsePositives} false points)`,
    },
    {
      what: 'false episodes a series and week, budget 1',
      wanted: '<= 2, no series beyond chance',
      measured: `${rate} (${falseAlarms.episodes} in ${falseAlarms.weeks.toFixed(1)} weeks), ${falseAlarms.beyondChance.length} beyond`,
    },
    {
      what: 'NAB, threshold from the budget: standard / low-FP / low-FN',
      wanted: 'standard >= 65',
      measured:
        `${[standard, lowFalsePositives, lowFalseNegatives].map(({ score }) => score.toFixed(1)).join(' / ')} ` +
        `(${standard.found} of ${standard.windows} windows, ${standard.falsePositives} false points)`,
    },
  ];
}

function rateOf(count: Count, digits: number): string {
  return `${share(count, digits)} (${count.count} of ${count.of})`;
}

function share({ count, of }: Count, digits: number): string {
  return (count / of).toFixed(digits);
}
