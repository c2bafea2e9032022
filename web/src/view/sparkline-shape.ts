/** The shape of a sparkline in a box of `width` x `height`: a pure function of its points. */
export interface SparkPoint {
  readonly value: number | null;
  readonly final: boolean;
}

export interface SparkShape {
  /** Paths: what is final, and from there on what is still open. '' where there is none. */
  readonly final: string;
  readonly open: string;
  /** The area below the final part. */
  readonly area: string;
  /** Values without one on either side, which no line shows: pieces without length. */
  readonly lone: string;
  readonly last: { readonly x: number; readonly y: number; readonly final: boolean } | null;
  readonly meanY: number | null;
}

export interface SparkBox {
  readonly width: number;
  readonly height: number;
  /** So many windows fill the width: a short history begins at the right. */
  readonly slots: number;
  readonly mean: number | null;
}

/** A line that wavers by less than this share of its height above zero looks calm, as it is. */
const CALM = 0.35;
const MARGIN = 3;

export function sparkShape(points: readonly SparkPoint[], { width, height, slots, mean }: SparkBox): SparkShape {
  const shown = points.slice(-slots);
  // What is open is incomplete: a count that has just begun must not squeeze the rest flat.
  const known = shown.filter(({ final }) => final).flatMap(({ value }) => value ?? []);
  const scale = known.length > 0 ? known : shown.flatMap(({ value }) => value ?? []);
  if (scale.length === 0) return { final: '', open: '', area: '', lone: '', last: null, meanY: null };
  const [low, high] = domain(scale);
  const toY = (value: number): number =>
    round(MARGIN + (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low)) * (height - 2 * MARGIN));
  const step = (width - 2 * MARGIN) / Math.max(1, slots - 1);
  const places = shown.map(({ value, final }, index) => ({
    x: round(width - MARGIN - (shown.length - 1 - index) * step),
    y: value === null ? null : toY(value),
    final,
  }));

  let [final, open, area] = ['', '', ''];
  let areaFrom: number | null = null;
  let before: (typeof places)[number] | undefined;
  for (const place of places) {
    const { x, y } = place;
    const joined = before && before.y !== null;
    if (y !== null && place.final) {
      final += `${joined ? 'L' : 'M'}${x} ${y}`;
      if (areaFrom === null) {
        areaFrom = x;
        area += `M${x} ${height}`;
      }
      area += `L${x} ${y}`;
    } else if (areaFrom !== null && before) {
      area += `L${before.x} ${height}Z`;
      areaFrom = null;
    }
    if (y !== null && !place.final) {
      open += joined && before?.final ? `M${before.x} ${before.y}L${x} ${y}` : `${joined ? 'L' : 'M'}${x} ${y}`;
    }
    before = place;
  }
  if (areaFrom !== null && before) area += `L${before.x} ${height}Z`;
  const has = (at: number): boolean => typeof places[at]?.y === 'number';
  const lone = places.map(({ x, y }, at) => (has(at) && !has(at - 1) && !has(at + 1) ? `M${x} ${y}L${x} ${y}` : '')).join('');
  const last = places.findLast(({ y }) => y !== null);
  return {
    final,
    open,
    area,
    lone,
    last: last && last.y !== null ? { x: last.x, y: last.y, final: last.final } : null,
    meanY: mean === null ? null : toY(mean),
  };
}

function domain(values: readonly number[]): [number, number] {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const size = Math.max(Math.abs(min), Math.abs(max));
  // Zero, or as good as: a flat line.
  const least = size < 1e-100 ? 1 : size * CALM;
  const missing = Math.max(0, least - (max - min));
  return [min - missing / 2, max + missing / 2];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
