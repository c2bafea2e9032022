/** What an alert's card shows as figures. */
import { yardstickOf, type Episode } from '../data/alert-book.ts';
import { formatFigure } from '../format/figure.ts';
import { formatOdds, formatTimes } from '../format/number.ts';
import type { TextKey } from '../i18n/texts.ts';

export interface Figure {
  readonly name: TextKey;
  readonly value: string;
  /** Where it lies with 95 %. */
  readonly note?: string;
}

const YARDSTICKS = { control: 'alerts.control', limit: 'alerts.limit', expected: 'alerts.expected' } as const;

/** `kind`: of the alert's measure; undefined: the pipeline no longer has it. */
export function figuresOf(episode: Pick<Episode, 'unit' | 'explanation'>, kind: string | undefined, language: string): Figure[] {
  const { observed, expected, threshold, baseline, ratio, evidence, unseen, going_on: isGoingOn } = episode.explanation;
  const value = (number: number | null): string => formatFigure(number, { unit: episode.unit, kind }, language);
  const times = (number: number): string => formatTimes(number, language);
  // A reminder's values are of the episode so far; the ranges are of the span that rang, and not where those lie.
  const noted = (range: readonly [number, number], text: (number: number) => string): Pick<Figure, 'note'> =>
    isGoingOn ? {} : { note: `${text(range[0])} – ${text(range[1])}` };
  return [
    { name: 'alerts.observed', value: value(observed) },
    {
      name: baseline === null && unseen ? 'alerts.new_from' : YARDSTICKS[yardstickOf(episode)],
      value: value(expected),
      ...(evidence && noted(evidence.expected_range, value)),
    },
    ...(evidence && ratio !== null ? [{ name: 'alerts.ratio', value: times(ratio), ...noted(evidence.ratio_range, times) } as const] : []),
    ...(evidence ? [{ name: 'alerts.evidence', value: `1 : ${formatOdds(evidence.one_in, language)}` } as const] : []),
    ...(!evidence && threshold !== expected ? [{ name: 'alerts.threshold', value: value(threshold) } as const] : []),
  ];
}
