import type { WindowPoint } from '../../../src/server/api.ts';

/** These add up: half a window is half a number, and their axis begins at zero. */
const ADDITIVE = ['count', 'sum', 'distinct'];

export function isAdditive(kind: string): boolean {
  return ADDITIVE.includes(kind);
}

/** Share of the events of the fullest window: a ratio or a mean over less is mostly chance. */
const THIN = 0.05;

/**
 * Which points a line shows: of a measure that adds up all, of a ratio or a mean not those with hardly any events beside the others,
 * which would leap from edge to edge and press the rest flat; one that is still open is drawn as soon as it has some. The table of windows has
 * them all.
 */
export function isDrawn(points: readonly WindowPoint[], kind: string): (point: WindowPoint) => boolean {
  if (isAdditive(kind)) return () => true;
  const most = points.reduce((max, { events }) => Math.max(max, events), 0);
  return ({ events }) => events >= most * THIN;
}
