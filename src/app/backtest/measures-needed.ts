/** Which columns of history a pipeline's detectors ask for. */
import { detectorCatalog } from '../../detectors/catalog.ts';
import type { DetectorKind } from '../../detectors/detector.ts';
import type { DetectEntry, MonitorSpec } from '../../pipeline/monitor/monitor-spec.ts';
import type { MeasureSpec, WindowSpec } from '../../windows/spec.ts';

/** Names of the watched measures and of what they are ratios of, in the order of the file. */
export function measuresNeeded(specs: readonly MonitorSpec[]): string[] {
  const names = new Set<string>();
  for (const { detect, measures } of specs) {
    const add = (name: string): void => {
      names.add(name);
      const measure = measures.find((one) => one.name === name);
      if (measure?.kind === 'ratio') for (const part of [measure.numerator, measure.denominator]) add(part);
    };
    for (const { measure } of detect) add(measure);
  }
  return [...names];
}

/** By window, the measures without which its detectors have nothing to judge: those that are watched, and what their ratios are made of. */
export function measuresRequired(specs: readonly MonitorSpec[]): Map<string, readonly string[]> {
  const needs = specs.flatMap(({ detect, measures }) =>
    detect.flatMap((entry) => [entry.measure, ...partsJudged(entry, measures)].map((name) => ({ window: entry.window, name }))),
  );
  const byWindow = Map.groupBy(needs, ({ window }) => window);
  return new Map([...byWindow].map(([window, own]) => [window, [...new Set(own.map(({ name }) => name))]]));
}

function partsJudged({ detector, config, measure: name }: DetectEntry, measures: readonly MeasureSpec[]): string[] {
  const measure = measures.find((one) => one.name === name);
  if (measure?.kind !== 'ratio') return [];
  const { ofValues }: DetectorKind = detectorCatalog[detector];
  if (!ofValues) return [measure.numerator, measure.denominator];
  const { min_volume: least = 0 } = config as { readonly min_volume?: number };
  return least > 0 ? [measure.denominator] : [];
}

/** Those of which the rows' state is asked for as well: the keys of heavy hitters. */
export function sketchesNeeded(specs: readonly MonitorSpec[]): string[] {
  const watched = specs.flatMap(({ detect, measures }) => measures.filter(({ name }) => detect.some(({ measure }) => measure === name)));
  return [...new Set(watched.filter(({ kind }) => kind === 'heavy_hitters').map(({ name }) => name))];
}

/** The windows that detectors look at, with their index in the file. */
export function windowsNeeded(specs: readonly MonitorSpec[]): { window: WindowSpec; index: number }[] {
  const watched = new Set(specs.flatMap(({ detect }) => detect.map(({ window }) => window)));
  return (specs[0]?.windows ?? []).map((window, index) => ({ window, index })).filter(({ window }) => watched.has(window.name));
}
