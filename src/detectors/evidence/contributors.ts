/** Which members moved a roll-up, over the span that rang. */
import type { Labels } from '../../core/labels.ts';
import type { Contributor } from '../detector.ts';
import type { Groups } from './groups.ts';
import { At, slotOf } from './layout.ts';
import type { SeriesState } from './layout.ts';
import type { Model } from './model.ts';

const CONTRIBUTORS_MAX = 5;
/** A member with less of the deviation is not worth a word. */
const SHARE_LEAST = 0.05;

interface Member {
  readonly state: SeriesState;
  readonly observation: { readonly labels: Labels };
}

export function contributorsOf(
  members: readonly Member[],
  group: number,
  model: Model,
  slot: number,
  rollUp: SeriesState,
  groups: Groups,
): Contributor[] {
  const { grid, layout } = model;
  const slots = Math.min(rollUp.numbers[At.rangSlots]!, grid.recent - grid.blockSlots + 1);
  const sign = Math.sign(rollUp.numbers[At.rangObserved]! - rollUp.numbers[At.rangExpected]!);
  let usualOfAll = 0;
  const moved = members.flatMap(({ state, observation: { labels } }) => {
    // Of one that was not heard, its newest slots are older ones.
    if (!state.groups?.includes(group) || slotOf(state.numbers) !== slot) return [];
    const factor = Math.exp(groups.behind(state.groups));
    let deviation = 0;
    let usual = 0;
    for (let back = 0; back < slots; back++) {
      const place = (slot - back) % grid.recent;
      deviation += state.numbers[layout.recentSeen + place]!;
      usual += state.numbers[layout.recentExpected + place]! * factor;
    }
    deviation -= usual;
    usualOfAll += usual;
    return deviation * sign > 0 ? [{ labels, deviation: deviation * sign, usual }] : [];
  });
  const all = moved.reduce((sum, { deviation }) => sum + deviation, 0);
  return moved
    .map(({ labels, deviation, usual }) => ({ labels, share: deviation / all, usual: usualOfAll > 0 ? usual / usualOfAll : 0 }))
    .filter(({ share }) => share >= SHARE_LEAST)
    .sort((a, b) => b.share - a.share)
    .slice(0, CONTRIBUTORS_MAX);
}
