/** A series file through the seasonal scorer: a score a point, and the episodes in which it rang. */
import { counted } from '../../core/counted.ts';
import { createSeasonalScorer, EVIDENCE_MIN, STEP_INTERVALS, WARM_UP_POINTS, WEEK_MS } from '../../detectors/seasonal/seasonal-scorer.ts';
import { alarmEvidence, scoreOf } from '../../detectors/seasonal/score.ts';
import { SEASONAL_SETTINGS } from '../../detectors/seasonal/settings.ts';
import type { LineInput } from '../../sources/file/open-input.ts';
import { readSeries, type JudgedColumn } from './read-series.ts';
import type { SeriesFormat } from './series-format.ts';

export interface ScoredPoint {
  readonly timeMs: number;
  readonly timeText: string;
  readonly value: number | undefined;
  readonly expected: number | undefined;
  /** One standard deviation of the forecast. */
  readonly spread: number;
  readonly evidence: number;
  /** What the evidence counts in, ms: a week, or longer for a series of few points. */
  readonly periodMs: number;
  /** 0 to 1; an alarm from one half on. */
  readonly score: number;
}

/**
 * `name`: of the input, for messages. `note`: told what had to be assumed, and that nothing could be judged; `judges`: which column is read.
 * @throws AppError `input_unreadable`, while it is iterated
 */
export async function* scoreSeries(
  input: LineInput,
  name: string,
  format: SeriesFormat,
  falseAlarmsPerWeek: number,
  note?: (text: string) => void,
  judges?: (column: JudgedColumn) => void,
): AsyncGenerator<ScoredPoint[]> {
  const scorer = createSeasonalScorer(SEASONAL_SETTINGS);
  const least = scoreOf(EVIDENCE_MIN, falseAlarmsPerWeek);
  let values = 0;
  for await (const points of readSeries(input, name, format, note, judges)) {
    yield points.map(({ timeMs, timeText, value }): ScoredPoint => {
      if (value === undefined)
        return { timeMs, timeText, value, expected: undefined, spread: 0, evidence: EVIDENCE_MIN, periodMs: WEEK_MS, score: least };
      values++;
      const { evidence, periodMs, expected, spread } = scorer.observe(timeMs, value);
      return { timeMs, timeText, value, expected, spread, evidence, periodMs, score: scoreOf(evidence, falseAlarmsPerWeek) };
    });
  }
  const { learnt, intervals } = scorer.state;
  if (learnt || values <= WARM_UP_POINTS) return;
  note?.(
    `${name}: nothing was judged: found ${counted(values, 'point')}, of which ${intervals.length} are later than the one before; ` +
      `expected ${STEP_INTERVALS} such at least: lines in time order, the oldest first`,
  );
}

export interface Episode {
  /** The first and last alarm. */
  readonly first: ScoredPoint;
  readonly last: ScoredPoint;
  /** The point that speaks loudest. */
  readonly peak: ScoredPoint;
  readonly alarms: number;
}

export interface Episodes {
  add(point: ScoredPoint): void;
  readonly found: readonly Episode[];
}

/** Alarms less than an hour, or less than ten points, apart are one episode; the clock may have stepped back between them. */
const APART_MS = 3_600_000;
const APART_POINTS = 10;

export function collectEpisodes(falseAlarmsPerWeek: number): Episodes {
  const threshold = alarmEvidence(falseAlarmsPerWeek);
  const found: Episode[] = [];
  let quiet = 0;
  return {
    found,
    add(point) {
      quiet++;
      if (point.evidence < threshold) return;
      const current = found.at(-1);
      if (current && (quiet <= APART_POINTS || Math.abs(point.timeMs - current.last.timeMs) < APART_MS)) {
        const peak = point.evidence > current.peak.evidence ? point : current.peak;
        found[found.length - 1] = { ...current, last: point, peak, alarms: current.alarms + 1 };
      } else {
        found.push({ first: point, last: point, peak: point, alarms: 1 });
      }
      quiet = 0;
    },
  };
}
