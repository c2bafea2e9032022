/**
 * The `seasonal` method on labelled series: KPIs of web companies (delay-7 F1, false alarms against the budget) and half of
 * the Numenta Anomaly Benchmark. `node bench/detection/series.bench.ts [folder]`: the folder holds aiops-kpi/ and nab/.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { scoreSeries } from '../../src/app/detect/score-series.ts';
import { seriesFormat } from '../../src/app/detect/series-format.ts';
import { ALARM_SCORE } from '../../src/detectors/seasonal/score.ts';
import { createSeasonalScorer } from '../../src/detectors/seasonal/seasonal-scorer.ts';
import { SEASONAL_SETTINGS } from '../../src/detectors/seasonal/settings.ts';
import { encodeSeasonalState } from '../../src/detectors/seasonal/state-text.ts';
import { bestThreshold, countAt, falseEpisodes, outcomesOf, poissonBound, rates, type LabelledSeries } from './kpi-measure.ts';
import { NAB_PROFILES, nabScore, type NabFile } from './nab-measure.ts';
import { readLabels, readNabWindows } from './series-labels.ts';

const BUDGET_PER_WEEK = 1;
const WEEK_SECONDS = 604_800;
/** The share of each series, by time, that a threshold may be chosen on. */
const CHOICE_SHARE = 0.6;
const BEYOND_CHANCE = 0.999;
const THRESHOLDS = Array.from({ length: 399 }, (_, i) => (i + 1) / 400);
const WANTED = { f1: 0.83, nab: 65, ratePooledMax: 2 } as const;

const folder = path.resolve(process.argv[2] ?? new URL('../../../shared/data', import.meta.url).pathname);
if (!existsSync(path.join(folder, 'aiops-kpi')) || !existsSync(path.join(folder, 'nab'))) {
  console.log(`series: no labelled series in ${folder} (expected aiops-kpi/ and nab/): nothing measured`);
} else {
  const before = process.cpuUsage();
  const kpi = await measureKpi(path.join(folder, 'aiops-kpi'));
  const nab = await measureNab(path.join(folder, 'nab'));
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  const stateBytes = { minutes: stateSize(60), hours: stateSize(3_600) };
  console.log(`\n${cpuSeconds.toFixed(1)} s of CPU for ${kpi.points + nab.points} points, reading included`);
  console.log(`state of a series as text: ${stateBytes.minutes} bytes by the minute, ${stateBytes.hours} by the hour`);
  const out = new URL('../out/', import.meta.url);
  mkdirSync(out, { recursive: true });
  writeFileSync(
    new URL('series.json', out),
    `${JSON.stringify({ name: 'series', wanted: WANTED, kpi, nab, cpuSeconds, stateBytes }, null, 2)}\n`,
  );
  const isMet =
    kpi.fixed.f1 >= WANTED.f1 && kpi.falseAlarms.perSeriesWeek <= WANTED.ratePooledMax && kpi.falseAlarms.beyondChance.length === 0;
  console.log(isMet && nab.budget.standard.score >= WANTED.nab ? 'met' : 'MISSED: not all that was wanted');
}

async function measureKpi(from: string) {
  const index = JSON.parse(readFileSync(path.join(from, 'index.json'), 'utf8')) as { id: string }[];
  const all: LabelledSeries[] = [];
  for (const { id } of index) {
    const file = path.join(from, `${id}.csv.gz`);
    const { times, scores } = await score(file, 'kpi');
    all.push({ id, times, scores, isAnomalous: readLabels(file) });
  }
  const cuts = all.map(({ times }) => times[0]! + CHOICE_SHARE * (times.at(-1)! - times[0]!));
  const chosenOn = all.map((series, i) => outcomesOf(series, -Infinity, cuts[i]!));
  const measuredOn = all.map((series, i) => outcomesOf(series, cuts[i]!, Infinity));
  const threshold = bestThreshold(chosenOn, THRESHOLDS);
  const row = (name: string, at: number, on = measuredOn) => {
    const counts = countAt(on, at);
    const { f1, precision, recall } = rates(counts);
    console.log(
      `  ${name.padEnd(44)} threshold ${at.toFixed(4)}  F1 ${f1.toFixed(3)}  precision ${precision.toFixed(3)}  recall ${recall.toFixed(3)}  ` +
        `TP ${counts.truePositives}  FP ${counts.falsePositives}  FN ${counts.falseNegatives}  stretches ${counts.foundStretches}/${counts.stretches}`,
    );
    return { threshold: at, f1, precision, recall, ...counts };
  };
  console.log(`KPI series (${all.length}), delay 7, pooled`);
  const chosen = row('first 60 %, where the threshold is chosen', threshold, chosenOn);
  const fixed = row('last 40 %, at that threshold', threshold);
  const budget = row('last 40 %, threshold from the budget alone', ALARM_SCORE);
  const after = row('last 40 %, best threshold after the fact', bestThreshold(measuredOn, THRESHOLDS));
  const perSeries = all.map((series) => {
    const weeks = (series.times.at(-1)! - series.times[0]!) / WEEK_SECONDS;
    const most = poissonBound(weeks * BUDGET_PER_WEEK, BEYOND_CHANCE);
    return { id: series.id, weeks, episodes: falseEpisodes(series, ALARM_SCORE), most };
  });
  const weeks = perSeries.reduce((sum, each) => sum + each.weeks, 0);
  const episodes = perSeries.reduce((sum, each) => sum + each.episodes, 0);
  const beyondChance = perSeries.filter((each) => each.episodes > each.most);
  console.log(
    `  false episodes at the budget of ${BUDGET_PER_WEEK} a series and week: ${episodes} in ${weeks.toFixed(1)} series-weeks, ${(episodes / weeks).toFixed(3)} each; ` +
      `series beyond the ${100 * BEYOND_CHANCE} % Poisson bound: ${beyondChance.map((each) => `${each.id.slice(0, 8)} ${each.episodes}/${each.most}`).join(', ') || 'none'}`,
  );
  const points = all.reduce((sum, { times }) => sum + times.length, 0);
  return {
    points,
    chosen,
    fixed,
    budget,
    after,
    falseAlarms: { weeks, episodes, perSeriesWeek: episodes / weeks, beyondChance, perSeries },
  };
}

async function measureNab(from: string) {
  const files: NabFile[] = [];
  for (const { path: name, windows } of readNabWindows(from)) {
    const { times, scores } = await score(path.join(from, 'data', `${name}.gz`), 'nab');
    files.push({ path: name, scores, windows: windows.map(([first, last]) => [times.indexOf(first), times.lastIndexOf(last)] as const) });
  }
  const at = (threshold: number) => {
    const entries = Object.entries(NAB_PROFILES).map(([name, profile]) => [name, nabScore(files, threshold, profile)] as const);
    return { threshold, ...(Object.fromEntries(entries) as Record<keyof typeof NAB_PROFILES, ReturnType<typeof nabScore>>) };
  };
  const row = (name: string, result: ReturnType<typeof at>): void => {
    const { standard, lowFalsePositives, lowFalseNegatives, threshold } = result;
    console.log(
      `  ${name.padEnd(44)} threshold ${threshold.toFixed(4)}  standard ${standard.score.toFixed(1)}  low-FP ${lowFalsePositives.score.toFixed(1)}  ` +
        `low-FN ${lowFalseNegatives.score.toFixed(1)}  windows ${standard.found}/${standard.windows}  FP ${standard.falsePositives}`,
    );
  };
  console.log(`\nNAB (${files.length} files)`);
  const budget = at(ALARM_SCORE);
  const best = THRESHOLDS.map(at).reduce((most, each) => (each.standard.score > most.standard.score ? each : most));
  row('threshold from the budget alone', budget);
  row('best threshold after the fact, as published', best);
  return { points: files.reduce((sum, { scores }) => sum + scores.length, 0), budget, best };
}

function stateSize(stepSeconds: number): number {
  const scorer = createSeasonalScorer(SEASONAL_SETTINGS);
  for (let i = 0; i < 20_000; i++) scorer.observe(i * stepSeconds * 1_000, 100 + ((i * 7_919) % 101));
  return encodeSeasonalState(scorer.state).length;
}

async function score(file: string, format: 'kpi' | 'nab'): Promise<{ times: Float64Array; scores: Float64Array }> {
  const times: number[] = [];
  const scores: number[] = [];
  for await (const points of scoreSeries({ path: file }, file, seriesFormat(format, {}), BUDGET_PER_WEEK)) {
    for (const { timeMs, score: each } of points) {
      times.push(timeMs / 1_000);
      scores.push(each);
    }
  }
  return { times: Float64Array.from(times), scores: Float64Array.from(scores) };
}
