/** A bar chart as SVG, for pages that are read in light and in dark. */

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Lowest and highest of the rounds. */
  readonly low: number;
  readonly high: number;
  readonly isOurs: boolean;
}

const WIDTH = 760;
const LEFT = 240;
const RIGHT = 70;
const LINE = 30;
const TOP = 12;
const OURS = '#2a6fdb';
const THEIRS = '#9aa3ad';

/** `title` is read out where the picture cannot be seen; `axis` stands below. */
export function bars(title: string, axis: string, all: readonly Bar[]): string {
  const most = Math.max(...all.map(({ high }) => high));
  const length = (value: number): number => Math.round((value / most) * (WIDTH - LEFT - RIGHT));
  const height = TOP + all.length * LINE + 30;
  const drawn = all.map(({ name, value, low, high, isOurs }, i) => {
    const top = TOP + i * LINE;
    const middle = top + 10;
    return (
      `<text x="${LEFT - 10}" y="${top + 14}" text-anchor="end">${name}</text>` +
      `<rect x="${LEFT}" y="${top}" width="${length(value)}" height="20" fill="${isOurs ? OURS : THEIRS}"/>` +
      `<path d="M${LEFT + length(low)} ${middle}H${LEFT + length(high)}" stroke="#333"/>` +
      `<text x="${LEFT + length(high) + 8}" y="${top + 14}">${value.toFixed(2)}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui,sans-serif" font-size="12" fill="#333">
<title>${title}</title><rect width="${WIDTH}" height="${height}" fill="#fff"/>
${drawn.join('\n')}
<text x="${LEFT}" y="${height - 8}">${axis}</text>
</svg>
`;
}
