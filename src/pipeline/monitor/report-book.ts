/** What the owners of the partitions have told of themselves: the newest report of each, and what of it is news. */
import { limitNews, limitQuietMs, type LimitKind, type LimitSpan } from '../../windows/limit-episodes.ts';
import type { Partials } from '../../windows/partials/partials.ts';
import { isNewerReport, type PartitionReport, type ReportAt } from '../aggregate/partition-report.ts';

export interface ReportBook {
  get(partition: string): ReportAt | undefined;
  /** Yields what is news of limits; nothing where a newer report is known. */
  take(partials: Partials, report: PartitionReport): { readonly kind: LimitKind; readonly span: LimitSpan }[];
  /** Dead letters that the partitions have reported since this was asked last, or since `restore`. */
  newLetters(): number;
  /** What changed since the last call. Values are structured-cloneable. */
  takeStateChanges(): [key: string, value: unknown][];
  /** State of an earlier life; other entries are passed over. */
  restore(entries: readonly (readonly [key: string, value: unknown])[]): void;
}

const PREFIX = 'report/';

/** `dedupMs`: by partition. */
export function createReportBook(dedupMs: ReadonlyMap<string, number>): ReportBook {
  const reports = new Map<string, ReportAt>();
  const changed = new Set<string>();
  let lettersCounted = 0;

  function newsOf(kind: LimitKind, partition: string, report: PartitionReport, watermark: number): readonly LimitSpan[] {
    const quietMs = limitQuietMs(kind, dedupMs.get(partition)!);
    const view = report.firstTime === undefined ? undefined : { from: report.firstTime, watermark, quietMs };
    return limitNews(report.limits[kind], reports.get(partition)?.told[kind], view);
  }

  function newLetters(): number {
    const sum = [...reports.values()].reduce((total, { totals }) => total + totals.late + totals.invalid, 0);
    const more = sum - lettersCounted;
    lettersCounted = sum;
    return Math.max(0, more);
  }

  return {
    get: (partition) => reports.get(partition),
    newLetters,
    take({ partition, progress }, report) {
      const known = reports.get(partition);
      if (!progress || !isNewerReport(progress, known)) return [];
      const { offset, epoch, turn, watermark } = progress;
      const news = (['series', 'ids'] as const).flatMap((kind) =>
        newsOf(kind, partition, report, watermark).map((span) => ({ kind, span })),
      );
      // The last one of each kind stays.
      const told = { ...known?.told, ...Object.fromEntries(news.map(({ kind, span }) => [kind, span])) };
      reports.set(partition, { ...report, told, offset, epoch, turn });
      changed.add(partition);
      return news;
    },
    takeStateChanges() {
      const changes = [...changed].map((name): [string, unknown] => [PREFIX + name, reports.get(name)]);
      changed.clear();
      return changes;
    },
    restore(entries) {
      for (const [key, value] of entries) if (key.startsWith(PREFIX)) reports.set(key.slice(PREFIX.length), value as ReportAt);
      newLetters();
    },
  };
}
