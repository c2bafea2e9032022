/** Events that ring, and a run of the command line that is fed with them on its standard input, as by another program. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../src/core/clock.ts';

/** What has to happen until it rings: a window becomes final, or a look at an open one finds something. */
export type Cause = 'final' | 'look';

const SEGMENTS = 20;
/**
 * For looks: what evidence has seen of them before (it asks for the better part of an hour), a bad event of each segment every other second;
 * how many come at once then, to how many segments a second. Each has its turn once in 66 s: by then it is quiet again.
 */
const WATCHED = { segments: 200, seconds: 3_600, everySeconds: 2, more: 200, perSecond: 3 };
export const WINDOW_MS: Readonly<Record<Cause, number>> = { final: 1_000, look: 10_000 };
export const OUT_OF_ORDERNESS_MS = 200;
const STEP_MS = 20;
/** Into its window: by then the one before is final. */
const CALM_MS = 1_000;
/** Before it is fed: what waited for it would have to be caught up with. */
const START_MS = 1_500;
/** A run that has told nobody by then does not work. */
const FIRST_MS = 90_000;
/** Begins the ids of those that come at once. */
export const MORE = 'm';
export const TOCSIN = new URL('../bin/tocsin', import.meta.url).pathname;

interface Feed {
  readonly cause: Cause;
  /** Events a second. */
  readonly rate: number;
  /** From when somebody was told first: how long a start takes is another question. */
  readonly seconds: number;
  readonly isTold: () => boolean;
}

/** Resolves to when it was asked to end, epoch ms. @throws Error where the run fails or tells nobody */
export async function feedRun(args: readonly string[], { cause, rate, seconds, isTold }: Feed): Promise<number> {
  const options = ['--olap-store', 'none', '--listen', 'none', '--quiet'];
  const child = spawn(TOCSIN, [...args, ...options], { stdio: ['pipe', 'ignore', 'inherit'] });
  // What is still on its way when the run is asked to end is lost, and that is all.
  child.stdin.on('error', () => {});
  const ended = once(child, 'exit') as Promise<[number | null]>;
  if (cause === 'look') for (const lines of history(systemClock.now())) if (!child.stdin.write(lines)) await once(child.stdin, 'drain');
  await sleep(START_MS);
  const started = systemClock.elapsed();
  let toldAt = Infinity;
  let surprised = Math.floor(systemClock.now() / (1_000 / WATCHED.perSecond));
  let id = 0;
  for (let step = 1; systemClock.elapsed() < toldAt + seconds * 1_000 && child.exitCode === null; step++) {
    if (toldAt === Infinity && isTold()) toldAt = systemClock.elapsed();
    if (toldAt === Infinity && systemClock.elapsed() - started > FIRST_MS) break;
    const lines: string[] = [];
    const due = Math.floor(((systemClock.elapsed() - started) * rate) / 1_000);
    const now = systemClock.now();
    for (; id < due; id++) lines.push(cause === 'final' ? eventLine(id, now) : watchedLine(id, rate, now));
    const turn = Math.floor(now / (1_000 / WATCHED.perSecond));
    if (cause === 'look' && turn > surprised && now % WINDOW_MS.look > CALM_MS) {
      surprised = turn;
      for (let i = 0; i < WATCHED.more; i++) lines.push(lineOf(`${MORE}${turn}-${i}`, now, turn % WATCHED.segments, true));
    }
    if (lines.length > 0) child.stdin.write(`${lines.join('\n')}\n`);
    await sleep(Math.max(0, step * STEP_MS - (systemClock.elapsed() - started)));
  }
  const endedMs = systemClock.now();
  child.kill('SIGINT');
  const [code] = await ended;
  if (code !== 0) throw new Error(`the run ended with ${code}`);
  if (toldAt === Infinity) throw new Error(`nobody was told within ${FIRST_MS / 1_000} s`);
  return endedMs;
}

/** In every other second half of a segment's events are bad: it rings, and ends in the next. */
export function eventLine(id: number, now: number): string {
  const segment = id % SEGMENTS;
  const isBad = (Math.floor(now / 1_000) + segment) % 2 === 0 && Math.floor(id / SEGMENTS) % 2 === 0;
  return lineOf(`e${id}`, now, segment, isBad);
}

/** As many are bad as were before, however many events there are. */
function watchedLine(id: number, rate: number, now: number): string {
  const every = Math.round(rate / WATCHED.segments);
  const [turn, segment] = [Math.floor(id / every / WATCHED.segments), Math.floor(id / every) % WATCHED.segments];
  return lineOf(`e${id}`, now, segment, id % every === 0 && turn % WATCHED.everySeconds === 0);
}

/** What evidence learns from. */
function* history(until: number): Generator<string> {
  for (let second = Math.floor(until / 1_000) - WATCHED.seconds; second < Math.floor(until / 1_000); second += WATCHED.everySeconds) {
    const lines = Array.from({ length: WATCHED.segments }, (_, i) => lineOf(`h${second}-${i}`, second * 1_000 + i, i, true));
    yield `${lines.join('\n')}\n`;
  }
}

function lineOf(id: string, now: number, segment: number, isBad: boolean): string {
  return `{"id":"${id}","time":"${new Date(now).toISOString()}","segment":"s${segment}","kind":"${isBad ? 'bad' : 'good'}"}`;
}
