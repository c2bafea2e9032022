import { experimentStandings, type Standing } from '../app/readers/experiment.ts';
import { choosePipeline, withReading } from '../app/readers/reading.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { zoneNamed } from '../core/told-time.ts';
import { shareField } from '../detectors/fields.ts';
import type { PipelineRecord } from '../pipeline/pipeline-record.ts';
import type { WindowSpec } from '../windows/spec.ts';
import { spanOf, type AskedSpan } from './asked-span.ts';
import type { PipelineOptions } from './command.ts';
import { withWindows } from './older-windows.ts';
import { timesBy, type TimeText } from './table-time.ts';
import { grouped, printable, printTable, type Column } from './table.ts';
import type { Terminal } from './terminal.ts';

interface Options extends PipelineOptions, AskedSpan {
  readonly measure: string;
  readonly of: string;
  readonly control: string;
  readonly error: string;
  readonly window?: string;
  readonly olapStore?: string;
}

export async function experimentCommand(options: Options, terminal: Terminal): Promise<number> {
  const { measure, of, control, olapStore } = options;
  const error = shareField.safeParse(options.error);
  if (!error.success || error.data <= 0 || error.data > 0.5) {
    throw new AppError('usage', `found --error ${options.error}; expected a percentage above 0% and at most 50%, such as 5%`);
  }
  return withReading(options, systemClock, async (reading) => {
    const pipeline = choosePipeline(reading, options.pipeline);
    const window = windowOf(pipeline, options.window);
    const zone = pipeline.timeZone ?? 'UTC';
    const query = { window: window.name, ...spanOf(options, zoneNamed(zone)) };
    const standings = await withWindows(reading, pipeline, query, { olapStore, terminal }, (rows) =>
      experimentStandings(rows, pipeline, { measure, of, control, error: error.data }),
    );
    if (options.json) for (const standing of standings) await terminal.print(JSON.stringify(standing));
    else {
      await printTable(standings, columnsOf(of, timesBy(zoneNamed(zone), [window.sizeMs]), zone), terminal);
      for (const { variant, attempts_alone: attempts } of standings) {
        if (attempts > 0)
          terminal.note(`${printable(variant)}: ${grouped(attempts)} attempts are not counted, as the control has none beside them`);
      }
    }
    return 0;
  });
}

/** The one of this name, else the shortest; of those in which no event counts twice. */
function windowOf({ name: pipeline, windows }: PipelineRecord, asked: string | undefined): WindowSpec {
  const tumbling = windows.filter(({ sizeMs, slideMs }) => sizeMs === slideMs).sort((a, b) => a.sizeMs - b.sizeMs);
  const window = asked === undefined ? tumbling[0] : tumbling.find(({ name }) => name === asked);
  if (window) return window;
  if (tumbling.length === 0) {
    throw new AppError('usage', `pipeline ${pipeline} has hopping windows only; expected one in which no event counts twice`);
  }
  const names = tumbling.map(({ name }) => name).join(', ');
  throw new AppError('usage', `pipeline ${pipeline} has no tumbling window "${asked}"; expected one of: ${names}`);
}

function columnsOf(of: string, timeText: TimeText, zone: string): Column<Standing>[] {
  const factor = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : '…');
  return [
    { title: of, value: ({ variant }) => variant, maxWidth: 40 },
    { title: 'successes', value: ({ successes }) => successes, right: true },
    { title: 'attempts', value: ({ attempts }) => attempts, right: true },
    { title: 'rate', value: ({ rate }) => rate?.toPrecision(4) ?? '', right: true },
    { title: 'times the control', value: ({ ratio }) => (ratio === null ? '' : factor(ratio)), right: true },
    { title: 'interval', value: ({ range }) => (range === null ? '' : `${factor(range[0])} to ${factor(range[1])}`) },
    { title: 'verdict', value: ({ verdict }) => verdict },
    { title: `decided at (${zone})`, value: ({ decided_at }) => decided_at && timeText(decided_at) },
  ];
}
