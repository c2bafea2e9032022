/** What a person sees while a run goes on: one line that is renewed on a terminal, and in a live run each window as it closes. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { Clock } from '../../core/clock.ts';
import { localIso, zoneNamed, type Zone } from '../../core/told-time.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { ClosedRecord, WindowRecord, WindowRow } from '../../windows/row.ts';

export interface Progress {
  /** Records were judged. */
  judged(records: number): void;
  committed(config: LoadedPipeline, committed: Committed, once: boolean): void;
  /** Writes something else without mixing it into the line. */
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
const CLEAR_LINE = '\r\x1b[K';

export function createProgress({ write, live, clock, quiet }: ProgressDeps): Progress {
  let last = { at: clock.elapsed(), read: 0 };
  let read = 0;
  let windows = 0;
  let alerts = 0;
  let deadLetters = 0;
  let shown = false;
  // In a file no line says that nothing has come yet.
  let told = live ? '' : lineOf(0);
  const timer = quiet ? undefined : setInterval(show, live ? EVERY_MS.terminal : EVERY_MS.file);
  timer?.unref();

  function lineOf(rate: number): string {
    return `${whole(read)} records (${whole(rate)}/s), ${whole(windows)} windows closed, ${whole(deadLetters)} dead letters, ${whole(alerts)} alerts`;
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

  return {
    judged(records) {
      read += records;
    },
    committed(config, committed, once) {
      const closed = committed.records.filter((record) => record.kind === 'closed');
      windows += closed.length;
      alerts += committed.alerts.filter((alert) => alert.status === 'firing' && alert.repeat === 0).length;
      deadLetters += committed.deadLetters;
      if (quiet || once) return;
      for (const line of closedTexts(config, committed.records)) {
        hide();
        write(line);
      }
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

/** A line for each closed window that has some events, by the pipeline's clock. */
function closedTexts({ engine, timeZone }: LoadedPipeline, records: readonly WindowRecord[]): string[] {
  const closed = new Map<string, ClosedWindow>();
  const keyOf = ({ window, window_start }: WindowRecord): string => `${window} ${window_start}`;
  for (const record of records) if (record.kind === 'closed') closed.set(keyOf(record), { record, full: new Set() });
  for (const record of closed.size > 0 ? records : []) {
    const window = record.kind === 'row' && record.origin === '' ? closed.get(keyOf(record)) : undefined;
    if (!window || record.kind !== 'row') continue;
    const values = Object.values(record.labels);
    if (values.length === engine.dimensions.length) window.full.add(JSON.stringify(values));
    // The later one counts.
    if (values.length === 0) window.total = record;
  }
  return [...closed.values()].filter(({ full }) => full.size > 0).map((window) => closedText(engine, window, zoneNamed(timeZone)));
}

/** `12:03:10  1m   21 series   impressions 4,210   ctr 5.02 %`: the window's total if the file asks for it. */
function closedText({ measures }: LoadedPipeline['engine'], { record, full, total }: ClosedWindow, zone: Zone): string {
  const shown = measures.flatMap(({ name, unit }) => {
    const value = total?.measures[name];
    return value === undefined || value === null ? [] : [`${name} ${short(value)}${unit === undefined ? '' : ` ${unit}`}`];
  });
  return `${[localIso(record.window_end, zone).slice(11, 19), record.window.padEnd(4), `${full.size} series`, ...shown].join('   ')}\n`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function short(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 2 });
}
