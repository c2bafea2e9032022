/**
 * Which dead letters still say something. A revision that read a partition again from some offset on has judged what stands there anew:
 * what earlier ones said of it counts no more, whether or not the new one found the record late or invalid.
 */
import type { DeadLetter } from './dead-letter.ts';

/** That a revision began with reading again. */
export interface ReadAnew {
  readonly revision: number;
  /** By input partition (`ad-events/0`): the first offset that it read. */
  readonly from: Readonly<Record<string, number>>;
}

/** Whether the letter is of the last revision that judged its origin. */
export function isInForce(
  { topic, partition, offset, revision }: Pick<DeadLetter, 'topic' | 'partition' | 'offset' | 'revision'>,
  anew: readonly ReadAnew[],
): boolean {
  const name = `${topic}/${partition}`;
  return anew.every((each) => each.revision <= revision || offset < (each.from[name] ?? Infinity));
}

/** With one more at the end; without those that it makes needless, as it read all that they did. */
export function withReadAnew(anew: readonly ReadAnew[], next: ReadAnew): ReadAnew[] {
  const isCovered = ({ from }: ReadAnew): boolean =>
    Object.entries(from).every(([name, offset]) => (next.from[name] ?? Infinity) <= offset);
  return [...anew.filter((each) => !isCovered(each)), next];
}
