/** What a measure counts, as a fingerprint: what detectors learnt of one of the same name that counts something else is of no use. */
import { fingerprint } from '../../core/fingerprint.ts';
import type { DetectorKind } from '../../detectors/detector.ts';
import type { MeasureSpec } from '../../windows/spec.ts';

/** It is written with each series: enough of it to tell a few definitions apart. */
const DIGITS = 8;

/** Names and texts for people are not in it, nor the scale of a ratio where the detector judges what that is made of. */
export function meaningOf(measure: MeasureSpec, measures: readonly MeasureSpec[], { ofValues }: Pick<DetectorKind, 'ofValues'>): string {
  if (measure.kind !== 'ratio') return fingerprint(countedBy(measure)).slice(0, DIGITS);
  const parts = [measure.numerator, measure.denominator].map((part) => {
    const counted = measures.find(({ name }) => name === part);
    return counted && countedBy(counted);
  });
  return fingerprint({ parts, scale: ofValues ? measure.scale : undefined }).slice(0, DIGITS);
}

function countedBy(measure: MeasureSpec): unknown {
  const { name: _name, unit: _unit, currency: _currency, ...rest } = measure;
  // How exact the sketch is.
  return rest.kind === 'heavy_hitters' ? { ...rest, keep: undefined } : rest;
}
