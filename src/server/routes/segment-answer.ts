/** What a served segment answers: written once for each row; only what the clock says is put in anew for each request. */
import type { WindowRow } from '../../windows/row.ts';
import type { Source } from '../api.ts';

export interface SegmentAnswer {
  /** Weak: it names the row, not the age and the time taken that stand beside it. */
  readonly etag: string;
  /** Of the window, epoch ms. */
  readonly endMs: number;
  /** JSON without what changes from request to request, open at its end. */
  readonly head: string;
}

/** As one flat object: labels, measures, the window. */
export function flat(row: WindowRow): Record<string, unknown> {
  const { window, window_start, window_end, final } = row;
  return { ...row.labels, ...row.measures, window, window_start, window_end, final };
}

/** Answers live as long as their rows: a store that hands out the same row again has its answer ready. */
export function createSegmentAnswers(): (row: WindowRow) => SegmentAnswer {
  const answers = new WeakMap<WindowRow, SegmentAnswer>();
  return (row) => {
    let answer = answers.get(row);
    if (answer) return answer;
    answer = {
      etag: etagOf(row),
      endMs: Date.parse(row.window_end),
      head: JSON.stringify(flat(row)).slice(0, -1),
    };
    answers.set(row, answer);
    return answer;
  };
}

/** A version alone is not enough: of several origins it is the highest, and a replay adds to a row without raising it. */
function etagOf({ window, window_start, version, events, corrections, replayed }: WindowRow): string {
  return `W/"${[window, Date.parse(window_start), version, events, corrections, replayed].join('-')}"`;
}

/** The whole answer; `age` and `tookMs` in ms. */
export function answerText({ head }: SegmentAnswer, source: Source, age: number, tookMs: number): string {
  return `${head},"source":"${source}","age":${age},"response_time_ms":${tookMs}}`;
}

/** Whether If-None-Match names this tag (RFC 9110: compared weakly). */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etag || ifNoneMatch === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === opaque);
}
