/** The dead letters of a pipeline: where each stands in the log and why, so that they are counted without being read again. */
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import { originKey } from '../../dead-letter/dead-letter.ts';
import { recordAt } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';
import { statePrefix } from '../../pipeline/aggregate.ts';
import { fromStateEntries } from '../../pipeline/state-codec.ts';
import type { DeadLetterList } from '../../server/api.ts';
import { partitionName } from '../../windows/plan.ts';
import type { ReplayVerdict } from '../../windows/replay.ts';
import { followTopic } from './topic-reader.ts';

export interface LetterQuery {
  readonly reason?: string;
  readonly outcome?: string;
  readonly limit: number;
}

interface Entry {
  /** In the dead-letter topic. */
  readonly at: number;
  readonly origin: string;
  readonly outcome: DeadLetter['outcome'];
  readonly reason: string;
}

/** Beyond it the oldest are not counted any more; the log keeps them. */
const LETTERS_MAX = 100_000;

export function createLetterIndex(log: Log, pipeline: string, topic: string): { list(query: LetterQuery): Promise<DeadLetterList> } {
  /** By origin, the newest last: of one that was judged again only its last letter counts. */
  const letters = new Map<string, Entry>();
  const catchUp = followTopic(log, topic, (value, at) => {
    const letter = value as DeadLetter;
    const origin = originKey(letter.topic, letter.partition, letter.offset);
    letters.delete(origin);
    letters.set(origin, { at, origin, outcome: letter.outcome, reason: letter.reason });
    if (letters.size > LETTERS_MAX) letters.delete(letters.keys().next().value!);
  });

  async function forgetRetired(): Promise<void> {
    const { start } = await log.bounds(topic, 0);
    for (const { at, origin } of letters.values()) {
      if (at >= start) return;
      letters.delete(origin);
    }
  }

  async function show({ at, origin }: Entry): Promise<DeadLetterList['dead_letters'][number] | undefined> {
    const batch = await log.read(topic, 0, at, { maxBytes: 1, maxRecords: 1 });
    if (batch?.firstOffset !== at) return undefined;
    const letter = JSON.parse(Buffer.from(recordAt(batch, 0)).toString()) as DeadLetter;
    const prefix = `${statePrefix(pipeline, partitionName(letter.topic, letter.partition))}verdict/`;
    const verdicts = fromStateEntries(prefix, await log.state(prefix + origin));
    const verdict = verdicts.find(([found]) => found === origin)?.[1] as ReplayVerdict | undefined;
    return { ...letter, origin, replay: verdict?.outcome ?? null };
  }

  return {
    async list({ reason, outcome, limit }) {
      await catchUp();
      await forgetRetired();
      const byReason: Record<string, number> = {};
      const wanted: Entry[] = [];
      for (const entry of letters.values()) {
        byReason[entry.reason] = (byReason[entry.reason] ?? 0) + 1;
        if (outcome !== undefined && entry.outcome !== outcome) continue;
        if (reason === undefined || entry.reason === reason || entry.reason.startsWith(`${reason}:`)) wanted.push(entry);
      }
      const shown = [];
      for (const entry of wanted.slice(-limit).reverse()) {
        const letter = await show(entry);
        if (letter) shown.push(letter);
      }
      return { by_reason: byReason, dead_letters: shown };
    },
  };
}
