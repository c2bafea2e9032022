/** Sends the events of a plan as time goes by, with the time at which they are sent. */
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { packRecords } from '../../log/batch.ts';
import { createEventWriter } from '../../sources/generator/event.ts';
import type { LogWriter } from '../control/write-log.ts';
import type { Span } from './found.ts';
import type { Phase, Plan } from './plan.ts';

const STEP_MS = 200;

export interface SendDeps {
  readonly clock: Clock;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: Random;
  readonly writer: Pick<LogWriter, 'commit'>;
  readonly topic: string;
  readonly partitions: number;
  readonly onSent: (events: number, phase: Phase) => void;
}

/** Resolves when all phases are over, or at the signal: to when it was broken, which is never where that did not begin. */
export async function sendPlan(plan: Plan, deps: SendDeps, signal: AbortSignal): Promise<Span> {
  const { clock } = deps;
  const write = createEventWriter(plan.segment, deps.random);
  /** Parts of events that are due. */
  const owed = { impressions: 0, clicks: 0 };
  let partition = 0;
  let broken: Span = { fromMs: clock.now(), toMs: clock.now() };

  function eventsOf({ mix }: Phase, fromMs: number, toMs: number): string[] {
    const events: { readonly at: number; readonly text: string }[] = [];
    const make = (kind: 'impressions' | 'clicks', type: 'impression' | 'click', revenue: number): void => {
      owed[kind] += (mix[kind] * (toMs - fromMs)) / 1_000;
      for (; owed[kind] >= 1; owed[kind] -= 1) {
        write.next();
        const at = fromMs + deps.random.below(toMs - fromMs);
        events.push({ at, text: write.event(type, at, revenue) });
      }
    };
    make('impressions', 'impression', mix.revenue);
    make('clicks', 'click', 0);
    // Where the machine gave no time for a while, a step is long: clicks behind all impressions of it would be late.
    return events.sort((a, b) => a.at - b.at).map(({ text }) => text);
  }

  for (const phase of plan.phases) {
    const begins = clock.now();
    const ends = begins + phase.ms;
    for (let from = begins; from < ends && !signal.aborted;) {
      await deps.sleep(STEP_MS, signal);
      const to = Math.min(ends, clock.now());
      const texts = to > from ? eventsOf(phase, from, to) : [];
      from = Math.max(from, to);
      if (phase.name === 'break') broken = { fromMs: begins, toMs: from };
      if (texts.length === 0) continue;
      await deps.writer.commit({ appends: [{ topic: deps.topic, partition, ...packRecords(texts) }] });
      partition = (partition + 1) % deps.partitions;
      deps.onSent(texts.length, phase);
    }
  }
  return broken;
}
