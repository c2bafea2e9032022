/** The dead letters of a pipeline: where each stands in the log and why, so that they are counted without being read again. */
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import { originKey } from '../../dead-letter/dead-letter.ts';
import { isInForce, type ReadAnew } from '../../dead-letter/in-force.ts';
import { parseLetter } from '../../dead-letter/parse-letter.ts';
import { recordAt } from '../../log/batch.ts';
import type { Log } from '../../log/log.ts';
import { statePrefix } from '../../pipeline/aggregate/aggregate.ts';
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

export interface LetterIndex {
  list(query: LetterQuery): Promise<DeadLetterList>;
  /** How many there are. As long as nothing was read again they are counted without being read. */
  count(): Promise<number>;
}

interface Entry extends Pick<DeadLetter, 'topic' | 'partition' | 'offset' | 'revision'> {
  /** In the dead-letter topic. */
  readonly at: number;
  readonly origin: string;
  readonly outcome: DeadLetter['outcome'];
  readonly reason: string;
}

/** Beyond it the oldest are not counted any more; the log keeps them. */
const LETTERS_MAX = 100_000;

/** `readAnew`: what the revisions have read again, so that what they judged anew is not shown as it was judged before. */
export function createLetterIndex(
  log: Log,
  { pipeline, topic, readAnew }: { pipeline: string; topic: string; readAnew: () => Promise<readonly ReadAnew[]> },
): LetterIndex {
  let anew: readonly ReadAnew[] = [];
  /** By origin, the newest last: of one that was judged again only its last letter counts. */
  const letters = new Map<string, Entry>();
  const catchUp = followTopic(log, topic, (text, at) => {
    const letter = parseLetter(text);
    if (!letter) return;
    const origin = originKey(letter.topic, letter.partition, letter.offset);
    letters.delete(origin);
    if (!isInForce(letter, anew)) return;
    const { partition, offset, revision, outcome, reason } = letter;
    letters.set(origin, { at, origin, topic: letter.topic, partition, offset, revision, outcome, reason });
    if (letters.size > LETTERS_MAX) letters.delete(letters.keys().next().value!);
  });

  /** What another revision has judged anew since does not come back. */
  async function followRevision(): Promise<void> {
    const found = await readAnew();
    if (found.at(-1)?.revision === anew.at(-1)?.revision) return;
    anew = found;
    for (const [origin, entry] of letters) if (!isInForce(entry, anew)) letters.delete(origin);
  }

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
    const letter = parseLetter(Buffer.from(recordAt(batch, 0)).toString());
    if (!letter) return undefined;
    const prefix = `${statePrefix(pipeline, partitionName(letter.topic, letter.partition))}verdict/`;
    const verdicts = fromStateEntries(prefix, await log.state(prefix + origin));
    const verdict = verdicts.find(([found]) => found === origin)?.[1] as ReplayVerdict | undefined;
    return { ...letter, origin, replay: verdict?.outcome ?? null };
  }

  return {
    async count() {
      await followRevision();
      const { start, end } = await log.bounds(topic, 0);
      if (anew.length === 0) return end - start;
      await catchUp();
      await forgetRetired();
      return letters.size;
    },
    async list({ reason, outcome, limit }) {
      await followRevision();
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
