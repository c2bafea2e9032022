/** What a person sees while a run goes on: one line that is renewed on a terminal, and in a live run each window as it closes. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { createPace, inSlices, type Sliced } from '../../core/slices.ts';
import { clockText, timeText, zoneNamed, type Zone } from '../../core/told-time.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { ClosedRecord, WindowRecord, WindowRow } from '../../windows/row.ts';
import { counted } from '../../core/counted.ts';

export interface Progress {
  /** Records were judged. */
  judged(records: number): void;
  /** In slices: after a pause one commit may close thousands of windows. */
  committed(config: LoadedPipeline, committed: Committed, once: boolean): Promise<void>;
  /** Whatever else is written goes through here, without mixing into the line. */
  aside(write: () => void): void;
  stop(): void;
}

export interface ProgressDeps {
  readonly write: (text: string) => void;
  /** On a terminal the line is written over; elsewhere one comes now and then. Neither where nothing changed. */
  readonly live: boolean;
  readonly clock: Clock;
  readonly quiet: boolean;
}

const EVERY_MS = { terminal: 200, file: 5_000 } as const;
/** Of windows that close together a person reads the newest. */
const LINES_AT_ONCE = 10;
const ROWS_AT_ONCE = 256;
const INTEGER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const DECIMAL = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const CLEAR_LINE = '\r\x1b[K';

export function createProgress({ write, live, clock, quiet }: ProgressDeps): Progress {
  let last = { at: clock.elapsed(), read: 0 };
  let read = 0;
  let windows = 0;
  let alerts = 0;
  let deadLetters = 0;
  let shown = false;
  /** By name: making one takes ten times as long as asking it. */
  const zones = new Map<string, Zone>();
  // In a file no line says that nothing has come yet.
  let told = live ? '' : lineOf(0);
  const timer = quiet ? undefined : setInterval(show, live ? EVERY_MS.terminal : EVERY_MS.file);
  timer?.unref();

  function lineOf(rate: number): string {
    return `${counted(read, 'record')} (${INTEGER.format(rate)}/s), ${counted(windows, 'window')} closed, ${counted(deadLetters, 'dead letter')}, ${counted(alerts, 'alert')}`;
  }

  function show(): void {
    const now = clock.elapsed();
    const rate = (read - last.read) / Math.max(0.001, (now - last.at) / 1_000);
    last = { at: now, read };
    const text = lineOf(rate);
    // While nothing happens the line stands as it is, and a file gets no more of them.
    if (text === told && (shown || !live)) return;
    told = text;
    write(live ? `${CLEAR_LINE}${text}` : `tocsin: ${text}\n`);
    shown = live;
  }

  function hide(): void {
    if (shown) write(CLEAR_LINE);
    shown = false;
  }

  function zoneOf({ timeZone }: LoadedPipeline): Zone {
    const zone = zones.get(timeZone) ?? zoneNamed(timeZone);
    zones.set(timeZone, zone);
    return zone;
  }

  return {
    judged(records) {
      read += records;
    },
    async committed(config, committed, once) {
      const closed = committed.records.filter((record) => record.kind === 'closed');
      windows += closed.length;
      alerts += committed.alerts.filter((alert) => alert.status === 'firing' && alert.repeat === 0).length;
      deadLetters += committed.deadLetters;
      if (quiet || once || closed.length === 0) return;
      const text = await inSlices(closedTexts(config.engine, closed, committed.records, zoneOf(config)), clock.elapsed);
      if (text === '') return;
      hide();
      write(text);
    },
    aside(writeOther) {
      hide();
      writeOther();
    },
    stop() {
      clearInterval(timer);
      hide();
    },
  };
}

interface ClosedWindow {
  readonly record: ClosedRecord;
  /** A series and its correction may come together. */
  readonly full: Set<string>;
  total?: WindowRow;
}

/** A line for each of the newest closed windows that has some events, by the pipeline's clock; one for all before these. `closed`: in the order of their ends. */
function* closedTexts(
  engine: LoadedPipeline['engine'],
  closed: readonly ClosedRecord[],
  records: readonly WindowRecord[],
  zone: Zone,
): Sliced<string> {
  const isDue = createPace(ROWS_AT_ONCE);
  const keyOf = ({ window, window_start }: WindowRecord): string => `${window} ${window_start}`;
  const newest = new Map(
    closed.slice(-LINES_AT_ONCE).map((record): [string, ClosedWindow] => [keyOf(record), { record, full: new Set() }]),
  );
  for (const record of records) {
    if (isDue()) yield;
    const window = record.kind === 'row' && record.origin === '' ? newest.get(keyOf(record)) : undefined;
    if (!window || record.kind !== 'row') continue;
    const values = Object.values(record.labels);
    if (values.length === engine.dimensions.length) window.full.add(JSON.stringify(values));
    // The later one counts.
    if (values.length === 0) window.total = record;
  }
  const before = closed.length - newest.size;
  const last = closed[before - 1];
  const lines = [...newest.values()].filter(({ full }) => full.size > 0).map((window) => closedText(engine, window, zone));
  return (last ? `${counted(before, 'window')} closed, up to ${timeText(Date.parse(last.window_end), zone)}\n` : '') + lines.join('');
}

/** `12:03:10 UTC+9   1m     21 series   impressions 4,210   ctr 5.02 %`: the window's total if the file asks for it. */
function closedText({ measures }: LoadedPipeline['engine'], { record, full, total }: ClosedWindow, zone: Zone): string {
  const shown = measures.flatMap(({ name, unit }) => {
    const value = total?.measures[name];
    return value === undefined || value === null ? [] : [`${name} ${short(value)}${unit === undefined ? '' : ` ${unit}`}`];
  });
  return `${[clockText(Date.parse(record.window_end), zone), record.window.padEnd(4), `${full.size} series`, ...shown].join('   ')}\n`;
}

function short(value: number): string {
  return (Math.abs(value) >= 100 ? INTEGER : DECIMAL).format(value);
}
