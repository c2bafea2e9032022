/** The episodes on a chart: a tint with a bar on top, and a dashed line where the value was expected. */
import type uPlot from 'uplot';
import type { Severity } from '../../../src/receivers/alert-event.ts';
import { clearOf, type Band } from './chart-data.ts';

export interface BandColours {
  readonly severity: Readonly<Record<Severity, string>>;
  /** Of what is over. */
  readonly calmFill: string;
  readonly ground: string;
  /** As CSS has it, in CSS pixels. */
  readonly font: string;
}

const TINT = 0.11;

export function drawBands(u: uPlot, bands: readonly Band[], { severity, calmFill }: BandColours): void {
  const { top, height } = u.bbox;
  u.ctx.save();
  for (const band of bands) {
    const stretch = stretchOf(u, band);
    if (!stretch) continue;
    const [from, to] = stretch;
    u.ctx.globalAlpha = band.firing ? TINT : 1;
    u.ctx.fillStyle = band.firing ? severity[band.severity] : calmFill;
    u.ctx.fillRect(from, top, to - from, height);
    u.ctx.globalAlpha = 1;
    u.ctx.fillStyle = severity[band.severity];
    // The bar on top tells an episode also to those who do not see the tint.
    u.ctx.fillRect(from, top, to - from, Math.max(2, 2 * devicePixelRatio));
  }
  u.ctx.restore();
}

/** `expected`: the words for the value of the line. */
export function drawExpected(u: uPlot, bands: readonly Band[], expected: (band: Band) => string, colours: BandColours): void {
  u.ctx.save();
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const band of bands) {
    const stretch = stretchOf(u, band);
    if (!stretch) continue;
    const y = u.valToPos(band.expected, 'y', true);
    u.ctx.strokeStyle = colours.severity[band.severity];
    u.ctx.beginPath();
    u.ctx.moveTo(stretch[0], y);
    u.ctx.lineTo(stretch[1], y);
    u.ctx.stroke();
  }
  const [newest] = bands;
  // Words for the newest only: they would overlap.
  if (newest) drawWords(u, newest, expected(newest), colours);
  u.ctx.restore();
}

function drawWords(u: uPlot, band: Band, text: string, { font, ground, severity }: BandColours): void {
  const stretch = stretchOf(u, band);
  if (!stretch) return;
  const { left, top, width, height } = u.bbox;
  u.ctx.font = font.replace(/^(\d+)px/, (_, size: string) => `${Number(size) * devicePixelRatio}px`);
  const size = { width: u.ctx.measureText(text).width, height: 14 * devicePixelRatio };
  const x = Math.max(left, Math.min(stretch[0] + 4 * devicePixelRatio, left + width - size.width - 4 * devicePixelRatio));
  const line = piecesOf(u, x, x + size.width);
  const y = clearOf(line, { at: u.valToPos(band.expected, 'y', true), height: size.height, top, bottom: top + height });
  u.ctx.textBaseline = 'bottom';
  u.ctx.textAlign = 'left';
  // A halo in the colour of the ground, for where there is no clear place.
  u.ctx.setLineDash([]);
  u.ctx.lineWidth = 4 * devicePixelRatio;
  u.ctx.strokeStyle = ground;
  u.ctx.strokeText(text, x, y);
  u.ctx.fillStyle = severity[band.severity];
  u.ctx.fillText(text, x, y);
}

/** From where to where each piece of the lines goes between two places of the axis of time, in pixels of the canvas; a point alone is one too. */
function piecesOf(u: uPlot, from: number, to: number): [number, number][] {
  const [times, ...columns] = u.data;
  const first = Math.max(0, u.posToIdx(from, true) - 1);
  const last = Math.min(times.length, u.posToIdx(to, true) + 2);
  return columns.flatMap((column) => {
    const heights = Array.from(column)
      .slice(first, last)
      .map((value) => (typeof value === 'number' ? u.valToPos(value, 'y', true) : undefined));
    return heights.flatMap((y, at): [number, number][] => (y === undefined ? [] : [[y, heights[at + 1] ?? y]]));
  });
}

/** Pixels of the canvas, which counts those of the device; undefined: out of sight. */
function stretchOf(u: uPlot, band: Band): [from: number, to: number] | undefined {
  const { left, width } = u.bbox;
  const from = Math.max(left, u.valToPos(band.from, 'x', true));
  const to = Math.min(left + width, u.valToPos(band.to, 'x', true));
  return to > from ? [from, to] : undefined;
}
