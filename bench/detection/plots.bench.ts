/**
 * The pictures of docs/detection.md, measured in small worlds through the detector itself: a break in one segment, false alarms
 * against the budget, recall against volume. The same seeds give the same pictures; prints the counts behind them.
 */
import { writeFileSync } from 'node:fs';
import { createRandom } from '../../src/core/random.ts';
import type { Random } from '../../src/core/random.ts';
import { createField } from '../../src/detectors/evidence/field.ts';
import { At, Status } from '../../src/detectors/evidence/layout.ts';
import { createModel } from '../../src/detectors/evidence/model.ts';
import { profileOf } from '../../src/detectors/evidence/profile.ts';
import { createEvidenceRows } from '../../src/detectors/evidence/rows.ts';
import { chart } from './chart.ts';
import type { Axis, Mark } from './chart.ts';

const DAY = 1_440;
const MINUTE_MS = 60_000;
const IMAGES = new URL('../../docs/img/', import.meta.url);
const COLORS = { blue: '#2563a8', red: '#c62828', green: '#2e7d32', orange: '#d9730d', grey: '#777777' } as const;
const CTR = { adds: 'events', hasExposure: true, down: 0.5, up: 1 } as const;
const DIRECTIONS = 2;

drawBreak();
drawBudget();
drawRecall();

/** A rate that is 15 % higher at one time of the day than on average. */
function rhythm(minute: number): number {
  return 1 + 0.15 * Math.sin((2 * Math.PI * minute) / DAY);
}

function save(name: string, svg: string): void {
  writeFileSync(new URL(name, IMAGES), svg);
}

/** One of 20 segments, 200 impressions a minute at 2 %: the rate halves for an hour on the third day. */
function drawBreak(): void {
  const [series, impressions, rate] = [20, 200, 0.02];
  const start = 2 * DAY + 720;
  const end = start + 60;
  const [from, to] = [start - 60, end + 75];
  const model = createModel({
    windowMs: MINUTE_MS,
    profile: profileOf(CTR.adds, CTR.hasExposure),
    hasExposure: true,
    habits: true,
    drop: 0.5,
    rise: 2,
    falseAlarmsPerDay: 1,
    tests: DIRECTIONS,
  });
  const field = createField(model);
  const groups = [field.common.addGroup()];
  const states = Array.from({ length: series }, () => Object.assign(field.bear(0), { groups }));
  const randoms = states.map((_, index) => createRandom(index, 3));
  const seen: number[] = [];
  const expected: number[] = [];
  const variance: number[] = [];
  const evidence: [number, number][] = [];
  let [rang, over, threshold] = [-1, -1, 0];
  for (let minute = 0; minute < to; minute++) {
    field.begin(minute, series);
    states.forEach((state, index) => {
      const broken = index === 0 && minute >= start && minute < end ? 0.5 : 1;
      const clicks = randoms[index]!.poisson(impressions * rate * rhythm(minute) * broken);
      const forecast = field.enter(state, minute, clicks, impressions);
      if (index === 0) [seen[minute], expected[minute], variance[minute]] = [clicks, forecast, state.numbers[At.variance]!];
    });
    const shifts = field.settle();
    states.forEach((state, index) => {
      if (shifts) field.apply(state, minute, shifts);
      const wasCalm = state.numbers[At.status] === Status.calm;
      field.judge(state, minute, 1, true);
      if (index > 0 || minute < from) return;
      const isCalm = state.numbers[At.status] === Status.calm;
      threshold = field.thresholdOf(state);
      if (wasCalm) evidence.push([minute, Math.max(0, field.scan.drop.log)]);
      if (wasCalm && !isCalm) rang = minute;
      if (!wasCalm && isCalm) over = minute;
    });
  }
  console.log(
    `break: from minute 0 to 60, rang in minute ${rang - start}, over in minute ${over - start}, threshold 1 : e^${threshold.toFixed(1)}`,
  );
  const percent = (values: readonly number[], at: number): number => {
    let sum = 0;
    for (let minute = at - 4; minute <= at; minute++) sum += values[minute]!;
    return (100 * sum) / (5 * impressions);
  };
  const fives = Array.from({ length: Math.floor((to - from) / 5) }, (_, index) => from + 5 * index + 4);
  const edge = (side: number) =>
    fives.map((at): [number, number] => {
      const middle = percent(expected, at);
      return [at - start, middle * (1 + side * 2 * Math.sqrt(variance[at]! + 100 / (middle * 5 * impressions)))];
    });
  const minutes: Axis = {
    label: 'minutes since the break began',
    from: from - start,
    to: to - start,
    ticks: [-60, -30, 0, 30, 60, 90, 120].map((at) => [at, String(at)]),
  };
  const hour: Mark = { kind: 'span', from: 0, to: 60, color: COLORS.red, name: 'the rate is half' };
  const bell: Mark = { kind: 'upright', x: rang - start, color: COLORS.red, name: 'the alert rings' };
  const around: Mark[] = [hour, bell, { kind: 'upright', x: over - start, color: COLORS.green, name: 'it is over' }];
  const rates: Mark[] = [
    { kind: 'band', low: edge(-1), high: edge(1), color: COLORS.blue, name: 'expected, ±2 sd' },
    { kind: 'line', points: fives.map((at) => [at - start, percent(expected, at)]), color: COLORS.blue },
    { kind: 'dots', points: fives.map((at) => [at - start, percent(seen, at)]), color: '#222222', name: 'observed, 5 min' },
  ];
  const sinceStart = evidence.map(([at, value]): [number, number] => [at - start, value]);
  const evidenceTo = (last: number) => sinceStart.filter(([at]) => at <= last - start);
  const evidenceFrom = (first: number) => sinceStart.filter(([at]) => at >= first - start);
  const needed: [number, number][] = [from, to].map((at) => [at - start, threshold]);
  save(
    'detection-break.svg',
    chart('The click rate of one segment halves; evidence grows until it outweighs the budget', [
      {
        x: minutes,
        y: { label: 'click rate, %', from: 0, to: 4, ticks: [0, 1, 2, 3, 4].map((at) => [at, String(at)]) },
        height: 250,
        marks: [...around, ...rates],
      },
      {
        x: minutes,
        y: { label: 'ln evidence', from: 0, to: 16, ticks: [0, 4, 8, 12, 16].map((at) => [at, String(at)]) },
        height: 200,
        marks: [
          { kind: 'span', from: 0, to: 60, color: COLORS.red },
          { kind: 'line', points: needed, color: COLORS.red, name: 'needed: the budget', isDashed: true },
          { kind: 'line', points: evidenceTo(rang), color: '#222222', name: 'evidence of a drop' },
          // While the alert is on nothing is weighed.
          { kind: 'line', points: evidenceFrom(over + 1), color: '#222222' },
        ],
      },
    ]),
  );
}

/** How often nothing was told as something, over 30 segments from 0.3 to 100 clicks a minute. */
function drawBudget(): void {
  const [series, days] = [30, 21];
  const budgets = [0.1, 1, 10, 100];
  const worlds = [
    { name: 'chance alone', sd: 0, color: COLORS.blue },
    { name: 'a rate that wanders', sd: 0.1, color: COLORS.orange },
  ];
  const lines = worlds.map(({ name, sd, color }): Mark[] => {
    const counts = budgets.map((budget) => falseAlarms(series, days, budget, sd));
    console.log(`budget, ${name}: ${budgets.map((budget, i) => `${budget}: ${counts[i]} in ${days} days`).join(', ')}`);
    const points = budgets.map((budget, i): [number, number] => [budget, counts[i]! / days]);
    return [
      { kind: 'line', points, color, name },
      { kind: 'dots', points, color, texts: counts.map(String) },
    ];
  });
  const ticks = [0.01, 0.1, 1, 10, 100].map((at): [number, string] => [at, String(at)]);
  const allowed: Mark = {
    kind: 'line',
    points: [
      [0.1, 0.1],
      [100, 100],
    ],
    color: COLORS.grey,
    name: 'allowed',
    isDashed: true,
  };
  save(
    'detection-budget.svg',
    chart('False alarms against the budget: below it, and in step with it', [
      {
        x: {
          label: `budget: false alarms a day (numbers: alarms in ${days} days)`,
          from: 0.07,
          to: 150,
          isLog: true,
          ticks: ticks.slice(1),
        },
        y: { label: 'measured, a day', from: 0.02, to: 150, isLog: true, ticks: ticks.slice(1) },
        height: 300,
        marks: [allowed, ...lines.flat()],
      },
    ]),
  );
}

/** `sd`: of the rate's slow wandering, memory .999 a minute, in log units. */
function falseAlarms(series: number, days: number, budget: number, sd: number): number {
  const rows = createEvidenceRows({ ...CTR, windowMs: MINUTE_MS, series, falseAlarmsPerDay: budget, tests: DIRECTIONS });
  const randoms = Array.from({ length: series }, (_, index) => createRandom(index, 11));
  const wander = randoms.map((random) => sd * random.normal());
  const on = new Uint8Array(series);
  let count = 0;
  for (let minute = 0; minute < days * DAY; minute++) {
    for (let index = 0; index < series; index++) {
      const random = randoms[index]!;
      if (sd > 0) wander[index] = 0.999 * wander[index]! + sd * Math.sqrt(1 - 0.999 ** 2) * random.normal();
      const clicksMean = 0.3 * (100 / 0.3) ** (index / (series - 1));
      const clicks = random.poisson(clicksMean * rhythm(minute) * Math.exp(wander[index]!));
      const fires = rows.observe(index, minute, clicks, 50 * clicksMean) !== undefined;
      if (fires && on[index] === 0) count++;
      on[index] = fires ? 1 : 0;
    }
  }
  return count;
}

/** 20 segments of each volume; from the third day on one break of 60 minutes a day, at any time. */
function drawRecall(): void {
  const volumes = [0.25, 0.5, 1, 2, 4, 8, 16, 32];
  // In turn, a drop and a rise: a break is not what the segment did at this time yesterday.
  const effects = [
    { factor: 0.5, name: 'half the rate', color: COLORS.blue },
    { factor: 2, name: 'twice', color: COLORS.orange },
    { factor: 0.2, name: 'a fifth', color: COLORS.green },
    { factor: 3, name: 'three times', color: COLORS.red },
  ];
  const [each, days] = [20, 10];
  const series = each * volumes.length;
  const rows = createEvidenceRows({ ...CTR, windowMs: MINUTE_MS, series, falseAlarmsPerDay: 1, tests: DIRECTIONS });
  const randoms = Array.from({ length: series }, (_, index) => createRandom(index, 12));
  const starts = randoms.map((random) => breakStarts(random, days));
  const found = effects.map(() => volumes.map(() => 0));
  const told = new Set<string>();
  for (let minute = 0; minute < days * DAY; minute++) {
    const day = Math.floor(minute / DAY);
    for (let index = 0; index < series; index++) {
      const volume = Math.floor(index / each);
      const which = (index + day) % effects.length;
      const at = starts[index]![day]!;
      const isBroken = minute >= at && minute < at + 60;
      const { factor } = effects[which]!;
      const clicks = randoms[index]!.poisson(volumes[volume]! * rhythm(minute) * (isBroken ? factor : 1));
      const direction = rows.observe(index, minute, clicks, 50 * volumes[volume]!);
      if (!isBroken || direction !== (factor < 1 ? 'down' : 'up') || told.has(`${index} ${day}`)) continue;
      told.add(`${index} ${day}`);
      found[which]![volume]!++;
    }
  }
  const breaks = (each * (days - 2)) / effects.length;
  const logNeeded = Math.log((series * DIRECTIONS * DAY) / 1);
  const marks = effects.flatMap(({ factor, name, color }, which): Mark[] => {
    const bound = logNeeded / (60 * (factor * Math.log(factor) - factor + 1));
    console.log(
      `recall, ${name}: ${volumes.map((at, v) => `${at}: ${found[which]![v]} of ${breaks}`).join(', ')}; bound ${bound.toFixed(2)} clicks a minute`,
    );
    const points = volumes.map((at, v): [number, number] => [at, found[which]![v]! / breaks]);
    return [
      { kind: 'line', points, color, name },
      { kind: 'dots', points, color },
      { kind: 'upright', x: bound, color },
    ];
  });
  save(
    'detection-recall.svg',
    chart('Recall against volume: below a certain number of clicks a minute nothing can be found within the hour', [
      {
        x: {
          label: `clicks a minute (upright: the information bound; ${breaks} breaks a point)`,
          from: 0.25,
          to: 32,
          isLog: true,
          ticks: volumes.map((at) => [at, String(at)]),
        },
        y: { label: 'found within 60 min', from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => [at, String(at)]) },
        height: 320,
        marks,
      },
    ]),
  );
}

/** By day; none on the first two. At least two hours from either end of its day. */
function breakStarts(random: Random, days: number): number[] {
  return Array.from({ length: days }, (_, day) => (day < 2 ? Infinity : day * DAY + 120 + Math.floor(random.unit() * (DAY - 300))));
}
