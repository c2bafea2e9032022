/** `tocsin simulate`: breaks segments of a running pipeline, and sees whether it rings. */
import { randomBytes } from 'node:crypto';
import { sleep, type Clock } from '../../core/clock.ts';
import { createRandom } from '../../core/random.ts';
import { writeLog } from '../control/write-log.ts';
import type { Episode } from '../../alerts/episodes.ts';
import { readAlerts } from '../readers/alerts.ts';
import { choosePipeline, withReading } from '../readers/reading.ts';
import { measureTraffic } from './baseline.ts';
import { detectionOf } from './detection.ts';
import { findAlert, othersOf, type Found, type Span } from './found.ts';
import { planMs, planOf, type Plan, type PlanChoice } from './plan.ts';
import { sendPlan } from './send.ts';
import type { Target } from './target.ts';

const POLL_MS = 500;
/** Time for a window to be merged, judged and written, after its last event. */
const SLACK_MS = 5_000;

export interface SimulateDeps {
  readonly clock: Clock;
  readonly onProgress: (progress: { readonly events: number; readonly elapsedMs: number; readonly totalMs: number }) => void;
}

export interface Simulated extends Found {
  readonly plan: Plan;
}

export interface Simulation {
  readonly events: number;
  /** One for each plan. */
  readonly results: readonly Simulated[];
  /** What else rang there meanwhile. */
  readonly others: readonly Episode[];
  /** Ended before all was sent and could have rung: of what has not rung nobody knows. */
  readonly interrupted: boolean;
}

/** One plan for each choice, from what its segment's traffic is now. */
export async function makePlans(data: string, { config, source }: Target, choices: readonly PlanChoice[], clock: Clock): Promise<Plan[]> {
  const segments = choices.map(({ segment }) => segment);
  const traffic = await withReading(data, clock, ({ log }) => measureTraffic(log, source, segments, clock));
  return choices.map((choice, i) =>
    planOf(choice, traffic[i]!, detectionOf(config, choice.scenario.alertType), source.event.outOfOrdernessMs),
  );
}

/**
 * Resolves when everything was sent and either all has rung or could have, or at the signal.
 * @throws AppError as the log's commit; `control_unreachable` when the running Tocsin has ended
 */
export async function simulate(
  data: string,
  { config, source }: Target,
  plans: readonly Plan[],
  deps: SimulateDeps,
  signal: AbortSignal,
): Promise<Simulation> {
  const { clock } = deps;
  const writer = writeLog({ dir: data, create: false }, { clock });
  const started = clock.now();
  const totalMs = Math.max(...plans.map(planMs));
  let events = 0;
  // One call at a time: the plans share the writer.
  let last: Promise<unknown> = Promise.resolve();
  const commit: typeof writer.commit = (unit) => {
    const done = last.then(() => writer.commit(unit));
    last = done.catch(() => {});
    return done;
  };
  const seed = randomBytes(8);
  let broken: readonly Span[];
  try {
    broken = await Promise.all(
      plans.map((plan, i) =>
        sendPlan(
          plan,
          {
            clock,
            sleep,
            random: createRandom(seed.readUInt32LE(0), seed.readUInt32LE(4), i),
            writer: { commit },
            topic: source.topic,
            partitions: source.partitions,
            onSent(count) {
              events += count;
              deps.onProgress({ events, elapsedMs: clock.now() - started, totalMs });
            },
          },
          signal,
        ),
      ),
    );
  } finally {
    await writer.close();
  }
  const waitMs = Math.max(...plans.map(({ detection }) => detection.windowMs)) + source.event.outOfOrdernessMs + SLACK_MS;
  return { events, ...(await findAlerts(data, config.engine.pipeline, plans, broken, { started, waitMs }, clock, signal)) };
}

async function findAlerts(
  data: string,
  pipeline: string,
  plans: readonly Plan[],
  broken: readonly Span[],
  { started, waitMs }: { readonly started: number; readonly waitMs: number },
  clock: Clock,
  signal: AbortSignal,
): Promise<Omit<Simulation, 'events'>> {
  for (const deadline = clock.elapsed() + waitMs; ; await sleep(POLL_MS, signal)) {
    const allClosed = clock.elapsed() > deadline;
    const alerts = await withReading(data, clock, (reading) =>
      readAlerts(reading.log, choosePipeline(reading, pipeline), { from: started }),
    );
    const results = plans.map((plan, i) => ({ plan, ...findAlert(alerts, plan, broken[i]!, allClosed) }));
    const allRang = results.every(({ found }) => found);
    if (signal.aborted || allClosed || allRang) {
      return { results, others: othersOf(alerts, plans, broken, results), interrupted: signal.aborted && !allRang && !allClosed };
    }
  }
}
