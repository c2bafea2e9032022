/**
 * Who speaks when a roll-up and its members, or roll-ups that cross, fire in the same direction: the level that explains
 * most. A country that breaks is one incident, not one for each of its segments; a segment that breaks is not told again by
 * every roll-up that feels it; two that break for themselves are two, and a roll-up that feels both is no third.
 */
import { createPace, sorted, type Sliced } from '../core/slices.ts';
import { agree, byPower, holds, isUntold, mayBePart, partsThatTell, speaksFor, type FiringAlert } from './explains.ts';

/** Two alerts are held against each other in about a microsecond. */
export const COMPARED_AT_ONCE = 256;

/**
 * The speaker of every alert, by id; undefined: it speaks itself. An alert keeps its speaker while that one speaks; asked anew
 * are those that are new, whose speaker has ended or does not tell their keys, or whose speaker is spoken for by one that has
 * nothing to do with them. The same whatever the order of `firing`.
 */
export function* speakersOf(firing: readonly FiringAlert[]): Sliced<Map<string, string | undefined>> {
  const isDue = createPace(COMPARED_AT_ONCE);
  const byId = new Map(firing.map((alert) => [alert.id, alert]));
  const speakers = new Map<string, string | undefined>();
  /** By speaker, those it speaks for. */
  const members = new Map<string, FiringAlert[]>();
  // By level: segments of one level share no event, so that thousands that ring at once need not be held against each other.
  const speaking = new Map<string, Set<FiringAlert>>();

  function isLoose(alert: FiringAlert): boolean {
    if (alert.isNew || alert.partOf === undefined) return alert.isNew;
    const speaker = byId.get(alert.partOf);
    return speaker === undefined || isUntold(alert, speaker);
  }

  function hand(alert: FiringAlert, speaker: string): void {
    speakers.set(alert.id, speaker);
    const own = members.get(speaker);
    if (own) own.push(alert);
    else members.set(speaker, [alert]);
  }

  function speaks(alert: FiringAlert): void {
    speakers.set(alert.id, undefined);
    const level = levelOf(alert);
    speaking.set(level, (speaking.get(level) ?? new Set()).add(alert));
  }

  function* speakerOf(alert: FiringAlert): Sliced<FiringAlert | undefined> {
    let speaker: FiringAlert | undefined;
    for (const other of besides(speaking, levelOf(alert))) {
      if (isDue()) yield;
      if (speaksFor(other, alert) && (speaker === undefined || byPower(other, speaker) < 0)) speaker = other;
    }
    return speaker;
  }

  /** It speaks for those it explains, and for whom they spoke; gives those of the latter that have nothing to do with it. */
  function* takeOver(alert: FiringAlert): Sliced<FiringAlert[]> {
    const released: FiringAlert[] = [];
    for (const other of besides(speaking, levelOf(alert))) {
      if (isDue()) yield;
      if (!speaksFor(alert, other)) continue;
      for (const member of members.get(other.id) ?? []) {
        const isEcho = !holds(other.labels, member.labels) && agree(alert.labels, member.labels);
        const isOwn = isEcho || holds(alert.labels, member.labels) || speaksFor(alert, member);
        if (isOwn) hand(member, alert.id);
        else released.push(member);
      }
      members.delete(other.id);
      speaking.get(levelOf(other))!.delete(other);
      hand(other, alert.id);
    }
    return released;
  }

  /** Those that tell together what the alert feels, the strongest first. */
  function* tellers(alert: FiringAlert): Sliced<FiringAlert[]> {
    if (!alert.effect || alert.effect.contributors.length === 0) return [];
    const parts: FiringAlert[] = [];
    for (const other of firing) {
      if (isDue()) yield;
      if (mayBePart(other, alert)) parts.push(other);
    }
    return partsThatTell(alert, parts);
  }

  const loose: FiringAlert[] = [];
  for (const alert of firing) {
    if (isDue()) yield;
    // Those without an effect speak for nobody, and nobody for them.
    if (alert.effect === undefined) speakers.set(alert.id, isLoose(alert) ? undefined : alert.partOf);
    else if (isLoose(alert)) loose.push(alert);
    else if (alert.partOf === undefined) speaks(alert);
    else hand(alert, alert.partOf);
  }
  const echoes = new Map<FiringAlert, readonly FiringAlert[]>();
  /** Once each: they cannot take over from each other for ever. */
  const hasTaken = new Set<FiringAlert>();
  for (let asked = loose; asked.length > 0;) {
    const released: FiringAlert[] = [];
    for (const alert of yield* sorted(asked, byLevel)) {
      if (isDue()) yield;
      const parts = yield* tellers(alert);
      const speaker = parts.length > 0 ? undefined : yield* speakerOf(alert);
      if (parts.length > 0) echoes.set(alert, parts);
      else if (speaker) hand(alert, speaker.id);
      else {
        if (!hasTaken.has(alert)) released.push(...(yield* takeOver(alert)));
        hasTaken.add(alert);
        speaks(alert);
      }
    }
    asked = released;
  }
  // Members before their roll-ups: who speaks for them is known by then.
  for (const [alert, parts] of yield* sorted(echoes, ([a], [b]) => byLevel(b, a))) {
    const telling = parts.filter((part) => !echoes.has(part)).map(({ id }) => byId.get(speakers.get(id) ?? id)!);
    speakers.set(alert.id, telling.find((one) => agree(one.labels, alert.labels))?.id);
    echoes.delete(alert);
  }
  return speakers;
}

/** Those of other levels. The one just given may be taken out. */
function* besides(speaking: ReadonlyMap<string, ReadonlySet<FiringAlert>>, own: string): Generator<FiringAlert> {
  for (const [level, alerts] of speaking) if (level !== own) yield* alerts;
}

function levelOf({ labels }: FiringAlert): string {
  return Object.keys(labels).sort().join('\0');
}

/** Roll-ups before their members, so that who speaks is known when the members are asked. */
function byLevel(a: FiringAlert, b: FiringAlert): number {
  return Object.keys(a.labels).length - Object.keys(b.labels).length || byPower(a, b);
}
