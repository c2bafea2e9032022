/** A small chart as SVG: axes, bands, lines, dots, upright marks. Made for pages that are read in light and in dark. */

export interface Axis {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly (readonly [number, string])[];
  readonly isLog?: boolean;
}

export type Points = readonly (readonly [number, number])[];

export type Mark =
  | { readonly kind: 'line'; readonly points: Points; readonly color: string; readonly name?: string; readonly isDashed?: boolean }
  | { readonly kind: 'dots'; readonly points: Points; readonly color: string; readonly name?: string; readonly texts?: readonly string[] }
  | { readonly kind: 'band'; readonly low: Points; readonly high: Points; readonly color: string; readonly name?: string }
  | { readonly kind: 'span'; readonly from: number; readonly to: number; readonly color: string; readonly name?: string }
  | { readonly kind: 'upright'; readonly x: number; readonly color: string; readonly name?: string };

export interface Panel {
  readonly x: Axis;
  readonly y: Axis;
  readonly height: number;
  readonly marks: readonly Mark[];
}

const WIDTH = 760;
const LEFT = 70;
const RIGHT = 190;
const TOP = 14;
const BOTTOM = 44;
const LEGEND_LINE = 18;

/** Panels below each other. `title` is read out where the picture cannot be seen. */
export function chart(title: string, panels: readonly Panel[]): string {
  let top = 0;
  const drawn = panels.map((panel) => {
    const part = `<g transform="translate(0 ${top})">${drawPanel(panel)}</g>`;
    top += panel.height;
    return part;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" font-family="system-ui,sans-serif" font-size="12" fill="#333">
<title>${title}</title><rect width="${WIDTH}" height="${top}" fill="#fff"/>
${drawn.join('\n')}
</svg>
`;
}

function drawPanel({ x, y, height, marks }: Panel): string {
  const bottom = height - BOTTOM;
  const right = WIDTH - RIGHT;
  const atX = placer(x, LEFT, right);
  const atY = placer(y, bottom, TOP);
  const path = (points: Points): string => points.map(([px, py]) => `${atX(px)} ${atY(py)}`).join('L');
  const parts = [
    `<path d="M${LEFT} ${TOP}V${bottom}H${right}" fill="none" stroke="#888"/>`,
    ...x.ticks.map(
      ([at, text]) =>
        `<path d="M${atX(at)} ${bottom}v4" stroke="#888"/><text x="${atX(at)}" y="${bottom + 17}" text-anchor="middle">${text}</text>`,
    ),
    ...y.ticks.map(
      ([at, text]) =>
        `<path d="M${LEFT} ${atY(at)}H${right}" stroke="#e5e5e5"/><text x="${LEFT - 6}" y="${atY(at) + 4}" text-anchor="end">${text}</text>`,
    ),
    `<text x="${(LEFT + right) / 2}" y="${bottom + 35}" text-anchor="middle">${x.label}</text>`,
    `<text transform="translate(14 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${y.label}</text>`,
  ];
  let legend = TOP + 8;
  for (const mark of marks) {
    parts.push(drawMark(mark));
    if (mark.name === undefined) continue;
    parts.push(`<path d="M${right + 10} ${legend - 4}h16" stroke="${mark.color}" stroke-width="4"/>`);
    parts.push(`<text x="${right + 32}" y="${legend}">${mark.name}</text>`);
    legend += LEGEND_LINE;
  }
  return parts.join('');

  function drawMark(mark: Mark): string {
    switch (mark.kind) {
      case 'line': {
        const dash = mark.isDashed ? ' stroke-dasharray="5 4"' : '';
        return `<path d="M${path(mark.points)}" fill="none" stroke="${mark.color}" stroke-width="2"${dash}/>`;
      }
      case 'dots':
        return mark.points
          .map(([px, py], index) => {
            const text = mark.texts?.[index];
            const label = text === undefined ? '' : `<text x="${atX(px) + 7}" y="${atY(py) + 14}" fill="${mark.color}">${text}</text>`;
            return `<circle cx="${atX(px)}" cy="${atY(py)}" r="3" fill="${mark.color}"/>${label}`;
          })
          .join('');
      case 'band':
        return `<path d="M${path(mark.low)}L${path(mark.high.toReversed())}Z" fill="${mark.color}" fill-opacity=".25"/>`;
      case 'span':
        return `<rect x="${atX(mark.from)}" y="${TOP}" width="${atX(mark.to) - atX(mark.from)}" height="${bottom - TOP}" fill="${mark.color}" fill-opacity=".15"/>`;
      case 'upright':
        return `<path d="M${atX(mark.x)} ${TOP}V${bottom}" stroke="${mark.color}" stroke-width="1.5" stroke-dasharray="3 3"/>`;
    }
  }
}

/** From a value to a place on the picture, a tenth of a pixel; what is outside lies on the edge. */
function placer({ from, to, isLog }: Axis, start: number, end: number): (value: number) => number {
  const scale = isLog ? Math.log : (value: number): number => value;
  return (value) => {
    const part = (scale(Math.min(to, Math.max(from, value))) - scale(from)) / (scale(to) - scale(from));
    return Math.round((start + part * (end - start)) * 10) / 10;
  };
}
