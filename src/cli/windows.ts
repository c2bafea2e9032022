import { checkHotStoreAddress } from '../app/stores/open-hot-store.ts';
import { choosePipeline, withReading } from '../app/readers/reading.ts';
import type { WindowsQuery } from '../app/readers/windows.ts';
import type { PipelineRecord } from '../pipeline/pipeline-record.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { zoneNamed } from '../core/told-time.ts';
import { parseOlapAddress } from '../olap-store/clickhouse/address.ts';
import { flatRow } from '../windows/row-merge.ts';
import type { WindowRow } from '../windows/row.ts';
import { spanOf, type AskedSpan } from './asked-span.ts';
import { withWindows } from './older-windows.ts';
import { timesBy } from './table-time.ts';
import { printTable, type Column } from './table.ts';
import type { PipelineOptions } from './command.ts';
import type { Terminal } from './terminal.ts';

interface Options extends PipelineOptions, AskedSpan, Pick<WindowsQuery, 'window'> {
  readonly hotStore?: string;
  readonly olapStore?: string;
}

export async function windowsCommand(options: Options, terminal: Terminal): Promise<number> {
  // Rows go into the hot store after they stand in the log: there is nothing to read in it. A wrong address is wrong all the same.
  checkHotStoreAddress(options.hotStore);
  if (options.olapStore !== undefined) parseOlapAddress(options.olapStore, process.env);
  return withReading(options, systemClock, async (reading) => {
    const pipeline = choosePipeline(reading, options.pipeline);
    const query = queryOf(options, pipeline);
    await withWindows(reading, pipeline, query, { olapStore: options.olapStore, terminal }, async (rows) => {
      if (options.json) for await (const row of rows) await terminal.print(JSON.stringify(flatRow(row)));
      else if ((await printTable(rows, columns(pipeline, query), terminal)) === 0) terminal.note('no windows there (yet)');
    });
    return 0;
  });
}

function queryOf({ window, ...asked }: Options, pipeline: PipelineRecord): WindowsQuery {
  const names = pipeline.windows.map(({ name }) => name);
  if (window !== undefined && !names.includes(window)) {
    throw new AppError('usage', `pipeline ${pipeline.name} has no window "${window}"; expected one of: ${names.join(', ')}`);
  }
  return { ...(window !== undefined && { window }), ...spanOf(asked, zoneNamed(pipeline.timeZone ?? 'UTC')) };
}

function columns({ dimensions, measures, windows, timeZone = 'UTC' }: PipelineRecord, { window }: WindowsQuery): Column<WindowRow>[] {
  const asked = windows.filter(({ name }) => window === undefined || name === window);
  const timeText = timesBy(
    zoneNamed(timeZone),
    asked.map(({ slideMs }) => slideMs),
  );
  return [
    { title: `window start (${timeZone})`, value: (row) => timeText(row.window_start) },
    { title: 'window', value: (row) => row.window },
    ...dimensions.map((name): Column<WindowRow> => ({ title: name, value: (row) => row.labels[name] ?? '*', maxWidth: 30 })),
    ...measures.map(({ name, unit }): Column<WindowRow> => ({
      title: unit === undefined ? name : `${name} ${unit}`,
      value: (row) => row.measures[name],
      right: true,
    })),
    { title: '', value: (row) => (!row.final ? 'not final' : row.corrections > 0 ? `corrected by ${row.corrections}` : ' ') },
  ];
}
