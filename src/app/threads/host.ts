/** The aggregations that one thread hosts: it does what it is asked, and reads the log by itself. */
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../log/log.ts';
import type { Aggregate, AggregateCommit } from '../../pipeline/aggregate/aggregate.ts';
import { createAggregate } from '../../pipeline/aggregate/local-aggregate.ts';
import { encodeBodies } from '../../windows/partials/codec.ts';
import { compilePlan, type Plan } from '../../windows/plan.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import { judgingDeps } from '../run/judging.ts';
import { boundedLog } from '../run/bounded-log.ts';
import type { Answers, Ask, Mirror, OpenOrder } from './thread-messages.ts';

export interface HostDeps {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** A view of the log for one aggregation, for reading; closed with it. */
  readonly openLog: (spec: EngineSpec) => Promise<Log>;
  /** For the person at the terminal. */
  readonly warn: (message: string) => void;
}

export interface Answered {
  readonly value: Answers[Ask['kind']];
  /** Handed over rather than copied. */
  readonly transfer: readonly ArrayBuffer[];
}

/** A step goes on for so long, so that asking for it costs nothing; the aggregations of the thread share it. */
const STEP_MS = 60;
const STEP_MS_MIN = 3;
/** A step ends early with so many bytes of dead letters. */
const LETTER_BYTES = 1 << 20;

interface Hosted {
  readonly aggregate: Aggregate;
  readonly log: Log;
  readonly ends: Map<string, number>;
  judged: number;
}

/** Resolves to the answer. @throws AppError of the log, Error for bugs */
export function createHost({ clock, openLog, warn }: HostDeps): (ask: Ask) => Promise<Answered> {
  const hosted = new Map<number, Hosted>();
  const pipelines = new Map<number, { readonly plan: Plan; readonly judging: ReturnType<typeof judgingDeps> }>();

  function compiled({ pipeline, spec }: OpenOrder) {
    const known = pipelines.get(pipeline) ?? { plan: compilePlan(spec), judging: judgingDeps(spec, clock) };
    pipelines.set(pipeline, known);
    return known;
  }

  async function open(key: number, order: OpenOrder): Promise<Answers['open']> {
    const { plan, judging } = compiled(order);
    const { checks, parse, ...deps } = judging;
    const source = plan.spec.sources.find(({ name }) => name === order.source)!;
    const check = checks.get(source.name);
    const log = await openLog(order.spec);
    const ends = new Map<string, number>();
    const { aggregate, panes } = createAggregate({ ...order.config, plan, source }, order.beginning, {
      ...deps,
      log: boundedLog(log, ends),
      parse: parse[source.format],
      ...(check && { check }),
      warn,
      onJudged: (batch) => void (one.judged += batch.count),
    });
    const one: Hosted = { aggregate, log, ends, judged: 0 };
    hosted.set(key, one);
    return { panes, mirror: mirrorOf(aggregate) };
  }

  async function step(one: Hosted, ends: readonly (readonly [name: string, end: number])[]): Promise<Answers['step']> {
    for (const [name, end] of ends) one.ends.set(name, end);
    const { aggregate } = one;
    const until = clock.elapsed() + Math.max(STEP_MS_MIN, STEP_MS / hosted.size);
    one.judged = 0;
    let read = 0;
    for (;;) {
      const some = await aggregate.step();
      read += some;
      if (some === 0 || clock.elapsed() >= until || aggregate.status().deadLetterBytes >= LETTER_BYTES) break;
    }
    return { read, judged: one.judged, mirror: mirrorOf(aggregate) };
  }

  /** As bytes, which are handed over: thousands of small objects would be made in one go on the other side. */
  async function partials({ aggregate }: Hosted, readToEnd: boolean): Promise<Answered> {
    const { told, ...taken } = await aggregate.takePartials(readToEnd);
    const bodies = 'bodies' in told ? told.bodies : encodeBodies({ ...told, replayed: [] });
    return { value: { ...taken, told: { bodies } }, transfer: bodies.map(({ buffer }) => buffer as ArrayBuffer) };
  }

  async function close(key: number): Promise<void> {
    const one = hosted.get(key);
    hosted.delete(key);
    await one?.log.close();
  }

  return async (ask) => {
    if (ask.kind === 'open') return { value: await open(ask.key, ask.order), transfer: [] };
    const one = hosted.get(ask.key)!;
    switch (ask.kind) {
      case 'step':
        return { value: await step(one, ask.ends), transfer: [] };
      case 'partials':
        return partials(one, ask.readToEnd);
      case 'commit': {
        const commit = await one.aggregate.takeCommit(ask.released);
        return { value: { commit, mirror: mirrorOf(one.aggregate) }, transfer: ownBuffers(commit) };
      }
      case 'close':
        await close(ask.key);
        return { value: undefined, transfer: [] };
    }
  };
}

function mirrorOf(aggregate: Aggregate): Mirror {
  return { status: aggregate.status(), isIdle: aggregate.isIdle(false) };
}

/** Bytes that share their memory with nobody. */
function ownBuffers({ state }: AggregateCommit): ArrayBuffer[] {
  return state.flatMap(([, bytes]) =>
    bytes && bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [],
  );
}
