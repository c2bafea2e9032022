/**
 * The same topic, machine and windows through Tocsin and its peers: events per CPU second once warm, events per second, peak memory.
 * All have to give the same result. `EVENTS=20`: millions in the large topic (default 8; the small one has a quarter), `ROUNDS=3`,
 * `ONLY=tocsin,flink`: contenders by a part of their names, `BENCH=ads` or `ysb` alone. `PROFILE=1`: instead, where the time of Tocsin's
 * runs goes. `PLOT=FILE.svg`: the ad events as a picture. Needs Kafka (TOCSIN_TEST_KAFKA).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { median, report } from '../measure.ts';
import { bars } from './bars.ts';
import { adContenders, plainNode, tocsin, ysbLine, type Contender } from './contenders.ts';
import { contest, million, oneRun, type ContestOptions, type Outcome, type Spread, type Standing } from './contest.ts';
import { timeByPart } from './cpu-profile.ts';
import { adEvents, BATCH_RECORDS, fillTopics, PARTITIONS, ysbEvents, type SizedTopic } from './topics.ts';
import { createYsbEvents } from './ysb-events.ts';

const EVENTS = Number(process.env['EVENTS'] ?? 8) * 1e6;
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const ONLY = process.env['ONLY']?.toLowerCase().split(',');
/** Of the Yahoo benchmark half as many events: a row comes of every third of its views. */
const YSB_EVENTS = EVENTS / 2;
/** What Tocsin's rate is to be at least, over each peer's; the others do neither checks nor dedup. */
const WANTED = {
  'Tocsin, like for like': {
    'plain Node consumer': 4,
    'Flink SQL': 3.5,
    'Flink DataStream': 2,
    'plain Java consumer': 1.25,
    'Flink DataStream, combined by hand': 1.25,
  },
  'Tocsin, all fields checked, dedup': { 'plain Node consumer': 2 },
};

/** By our contenders, then by peers. */
type Wanted = Readonly<Record<string, Readonly<Record<string, number>>>>;

const broker = process.env['TOCSIN_TEST_KAFKA'];
if (broker === undefined) {
  console.log('skipped: needs kafka: scripts/services.ts run kafka -- …');
} else {
  const dir = mkdtempSync(path.join(tmpdir(), 'tocsin-peers-'));
  try {
    if (process.env['BENCH'] !== 'ysb') await ads(broker, dir);
    if (process.env['BENCH'] !== 'ads') await yahoo(broker, dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function ads(address: string, dir: string): Promise<void> {
  const topics = sized('ads', EVENTS);
  await fillTopics(address, topics, adEvents);
  const options = { broker: address, topics, rounds: ROUNDS, dir, keyParts: 3 };
  if (process.env['PROFILE']) return profile(adContenders, options);
  const contenders = chosen(adContenders);
  const outcome = await contest(contenders, options);
  tell('peers', wantedOf(contenders), topics, outcome);
  if (process.env['PLOT']) writeFileSync(process.env['PLOT'], picture(outcome));
}

async function yahoo(address: string, dir: string): Promise<void> {
  const topics = sized('ysb', YSB_EVENTS);
  await fillTopics(address, topics, ysbEvents);
  const table = path.join(dir, 'ad-to-campaign.json');
  writeFileSync(table, JSON.stringify(createYsbEvents(1).table));
  const contenders = [plainNode('ysb', table), tocsin('Tocsin', 'ysb.yml', ysbLine, dir)];
  const options = { broker: address, topics, rounds: ROUNDS, dir, keyParts: 2 };
  if (process.env['PROFILE']) return profile(contenders, options);
  const outcome = await contest(chosen(contenders), options);
  tell('peers-ysb', { Tocsin: {} }, topics, outcome);
}

function sized(name: string, events: number): [SizedTopic, SizedTopic] {
  return [events / 4, events].map((count) => ({ topic: `peers-${name}-${count}`, events: count })) as [SizedTopic, SizedTopic];
}

/** The first is always among them: the others are held against it. */
function chosen(contenders: readonly Contender[]): Contender[] {
  return contenders.filter(({ name }, i) => i === 0 || !ONLY || ONLY.some((part) => name.toLowerCase().includes(part)));
}

/** Of those that were chosen: one that is skipped, or wrong, then misses what was wanted of it. */
function wantedOf(contenders: readonly Contender[]): Wanted {
  const names = new Set(contenders.map(({ name }) => name));
  const among = <T>(all: Readonly<Record<string, T>>): [string, T][] => Object.entries(all).filter(([name]) => names.has(name));
  return Object.fromEntries(among<Wanted[string]>(WANTED).map(([ours, least]) => [ours, Object.fromEntries(among(least))]));
}

function picture({ standings }: Outcome): string {
  const all = standings.map(({ name, perCpuSecond: { median: middle, low, high } }) => ({
    name,
    value: middle / 1e6,
    low: low / 1e6,
    high: high / 1e6,
    isOurs: name.startsWith('Tocsin'),
  }));
  const title = 'Events per CPU second, from a Kafka topic to windows';
  return bars(
    title,
    'million events per CPU second, once warm',
    all.toSorted((a, b) => b.value - a.value),
  );
}

/** Of one run on the large topic; microseconds an event of all threads' CPU time, in the proportions of the samples. */
async function profile(contenders: readonly Contender[], options: ContestOptions): Promise<void> {
  const large = options.topics[1];
  for (const contender of chosen(contenders).filter(({ name }) => name.startsWith('Tocsin'))) {
    const folder = mkdtempSync(path.join(options.dir, 'profile-'));
    const { measured } = await oneRun(contender, large, options, { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` });
    const parts = timeByPart(folder);
    const sampled = parts.reduce((sum, [, ms]) => sum + ms, 0);
    const perEvent = (measured.cpuSeconds * 1e6) / large.events;
    console.log(
      `${contender.name}: ${perEvent.toFixed(2)} us an event (${large.events} events, ${measured.cpuSeconds.toFixed(1)} s of CPU)`,
    );
    for (const [part, ms] of parts) {
      const share = ms / sampled;
      console.log(`  ${part.padEnd(36)} ${(share * perEvent).toFixed(2).padStart(6)} us  ${Math.round(share * 100)} %`);
    }
  }
}

function tell(name: string, wanted: Wanted, topics: readonly SizedTopic[], { standings, unranked }: Outcome): void {
  for (const [who, why] of unranked) console.log(`${who}: ${why}`);
  const ratioName = (ours: string, peer: string): string => `${ours}, to ${peer}`;
  const compared = Object.keys(wanted).flatMap((ours) => {
    const mine = standings.find((each) => each.name === ours);
    if (!mine) return [];
    return standings
      .filter((other) => !(other.name in wanted))
      .map((other) => [ratioName(ours, other.name), ratioOf(mine, other)] as const);
  });
  const spread = ({ median: middle, low, high }: Spread): string => `${million(middle)} (${million(low)}-${million(high)})`;
  report(`${name}-${topics[1]!.events / 1e6}m`, {
    events: topics.map(({ events }) => events),
    partitions: PARTITIONS,
    batchRecords: BATCH_RECORDS,
    rounds: ROUNDS,
    standings,
    unranked: Object.fromEntries(unranked),
    rows: standings.map(({ name: who, perCpuSecond, perSecond, peakBytes }) => ({
      name: who.padEnd(36),
      'M events a CPU second': spread(perCpuSecond),
      'a second': spread(perSecond),
      'peak MB': Math.round(peakBytes / 2 ** 20),
    })),
    ratios: Object.fromEntries(compared),
    bars: Object.entries(wanted).flatMap(([ours, peers]) =>
      Object.entries(peers).map(([peer, least]) => ({ ratio: ratioName(ours, peer), least })),
    ),
  });
  if (Object.keys(wanted).some((ours) => unranked.has(ours))) process.exitCode = 1;
}

/** The median over rounds of the ratio within a round: the machine's speed drifts, and both had the same minutes of it. */
function ratioOf(mine: Standing, other: Standing): number {
  return median(mine.perCpuSecond.rounds.map((rate, round) => rate / other.perCpuSecond.rounds[round]!));
}
