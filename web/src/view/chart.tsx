import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { formatTick } from '../format/time.ts';
import { useDashboard } from './context.ts';
import { drawBands, drawExpected, type BandColours } from './chart-bands.ts';
import { distinct, heightened, lonePoints, scaleValues, type Band } from './chart-data.ts';

interface Props {
  readonly title: string;
  /** x in epoch ms, then what is final (solid, filled) and, if there is one, what is open (dashed). */
  readonly data: uPlot.AlignedData;
  readonly bands: readonly Band[];
  readonly format: (value: number | null) => string;
  /** Words for the value of a band's dashed line. */
  readonly expected: (band: Band) => string;
  /** For counts and sums: the axis begins at zero, and what is open only grows. */
  readonly fromZero: boolean;
  readonly height: number;
  /** The axis of time covers at least so much, ms. */
  readonly spanLeastMs: number;
  /** What the value at a point of x means in words, `21:03:20 – 21:03:30`. */
  readonly moment: (x: number) => string;
}

interface Colours extends BandColours {
  readonly line: string;
  readonly fill: string;
  readonly grid: string;
  readonly text: string;
}

const SYNC = 'tocsin';

/** A chart over time. The value under the cursor (else the newest final one) stands in its head. */
export function Chart({ title, data, bands, format, expected, fromZero, height, spanLeastMs, moment }: Props) {
  const { language, theme } = useDashboard();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const dark = useDarkMedia();
  // uPlot keeps its callbacks for life: they read what is current from here.
  const current = useRef({ bands, format, expected });
  current.current = { bands, format, expected };

  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const made = new uPlot(options(), data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };

    function options(): uPlot.Options {
      const colours = coloursOf(element as HTMLElement);
      const axis = { stroke: colours.text, font: colours.font, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false } };
      const line = { stroke: colours.line, width: 1.75 };
      // Dots for windows alone: a line needs two.
      const dots = { show: false, size: 7, width: 1.75, filter: (self: uPlot, series: number) => lonePoints(self.data[series] ?? []) };
      return {
        width: (element as HTMLElement).clientWidth,
        height,
        ms: 1,
        legend: { show: false },
        padding: [10, 28, 0, 0],
        cursor: {
          sync: { key: SYNC },
          y: false,
          drag: { x: false, y: false, setScale: false },
          points: { size: 7, width: 2, fill: colours.line, stroke: colours.line },
        },
        scales: {
          x: { range: (_, min, max) => [Math.min(min ?? 0, (max ?? 1) - spanLeastMs), max ?? 1] },
          y: { range: (self) => rangeOf(scaleValues(self.data, fromZero), current.current.bands, fromZero) },
        },
        axes: [
          {
            ...axis,
            space: 60,
            size: 26,
            values: (_, ticks) => ticks.map((tick) => formatTick(tick, language.value)),
          },
          {
            ...axis,
            size: (_, values) => axisWidth(values),
            space: 34,
            values: (_, ticks) => distinct(ticks.map((tick) => current.current.format(tick))),
          },
        ],
        series: [
          {},
          { ...line, fill: colours.fill, points: { ...dots, fill: colours.line } },
          ...(data.length > 2 ? [{ ...line, dash: [4, 4], auto: false, points: { ...dots, dash: [], fill: colours.ground } }] : []),
        ],
        hooks: {
          drawClear: [(self) => drawBands(self, current.current.bands, colours)],
          draw: [(self) => drawExpected(self, current.current.bands, current.current.expected, colours)],
          setCursor: [(self) => setAt(self.cursor.idx ?? null)],
        },
      };
    }
    // Built anew for other words or colours; the data comes in by the effect below.
  }, [language.value, theme.value, dark, height, fromZero, data.length]);

  useEffect(() => plot.current?.setData(data), [data, bands]);

  const [x, final, open] = data;
  // As on the cards: a window that has just begun would look like a fall.
  const newest = final?.findLastIndex((each) => typeof each === 'number') ?? -1;
  const index = at ?? (newest < 0 ? x.length - 1 : newest);
  const value = final?.[index] ?? open?.[index] ?? null;
  const isOpen = (final?.[index] ?? null) === null && value !== null;
  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <strong>{title}</strong>
        <span class={isOpen ? 'chart-value is-open' : 'chart-value'}>{format(value)}</span>
        <span class="chart-moment">{x[index] === undefined ? '' : moment(x[index])}</span>
      </figcaption>
      <div ref={place} class="chart-place" style={{ height: `${height}px` }} />
    </figure>
  );
}

/** Room for the longest label, px: units may be words. Alike where they are short, so that charts below each other line up. */
function axisWidth(values: readonly string[] | null): number {
  const widths = (values ?? []).map((text) => [...text].reduce((sum, letter) => sum + (letter > '\u1100' ? 11 : 6.5), 14));
  return Math.max(58, ...widths);
}

function rangeOf(values: readonly number[], bands: readonly Band[], fromZero: boolean): uPlot.Range.MinMax {
  if (values.length === 0) return [0, 1];
  const shown = [...values, ...bands.map((band) => band.expected)];
  const [low, high] = heightened(Math.min(...shown), Math.max(...shown));
  return uPlot.rangeNum(fromZero ? Math.min(0, low) : low, high, {
    min: { pad: 0.25, soft: 0, mode: 3 },
    max: { pad: 0.15 },
  });
}

function coloursOf(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    line: colour('--series'),
    fill: colour('--series-area'),
    grid: colour('--hairline'),
    text: colour('--ink-3'),
    severity: { low: colour('--low'), medium: colour('--medium'), high: colour('--high'), critical: colour('--critical') },
    calmFill: colour('--calm-area'),
    ground: colour('--panel'),
    font: `11px ${style.fontFamily}`,
  };
}

/** Whether the system asks for dark: charts take their colours when they are made. */
function useDarkMedia(): boolean {
  const query = '(prefers-color-scheme: dark)';
  const [dark, setDark] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const onChange = (): void => setDark(media.matches);
    media.addEventListener('change', onChange);
    return () => media.removeEventListener('change', onChange);
  }, []);
  return dark;
}
