/** The `windows` and `rollups` blocks. */
import { parseDuration } from '../core/duration.ts';
import { paneLength } from '../windows/plan.ts';
import type { WindowSpec } from '../windows/spec.ts';
import type { PipelineBlock } from './pipeline-schema.ts';
import type { Problems } from './problem.ts';

const SIZE_MIN_MS = 1_000;
const SIZE_MAX_MS = 31 * 86_400_000;
/** A window is a sum of panes; more of them cost memory and time in every segment. */
const PANES_MAX = 10_000;

/** @param aheadMs how far the clock by which windows begin is ahead of UTC */
export function resolveWindows(block: PipelineBlock['windows'], aheadMs: number, problems: Problems): WindowSpec[] {
  const windows = block.map((entry, index): WindowSpec => {
    const path = ['windows', index];
    const [size, slide] = typeof entry === 'string' ? [entry, entry] : [entry.size, entry.slide];
    const sizeMs = parseDuration(size) ?? 0;
    const slideMs = parseDuration(slide) ?? 0;
    if (sizeMs < SIZE_MIN_MS || sizeMs > SIZE_MAX_MS) problems.add(path, `found a window of ${size}; expected 1s to 31d`);
    else if (slideMs < SIZE_MIN_MS || slideMs > sizeMs || sizeMs % slideMs !== 0) {
      problems.add(path, `found a window of ${size} every ${slide}; expected a slide that divides the size, of at least 1s`);
    }
    const name = sizeMs === slideMs ? size : `${size}/${slide}`;
    // Where it changes nothing it is not said, so that results of before stay the same ones.
    const offsetMs = (slideMs - (aheadMs % slideMs)) % slideMs;
    return { name, sizeMs, slideMs, ...(offsetMs > 0 && { offsetMs }) };
  });
  if (problems.list.some((problem) => problem.path[0] === 'windows')) return windows;

  for (const [index, window] of windows.entries()) {
    const twin = windows.findIndex((other) => other.sizeMs === window.sizeMs && other.slideMs === window.slideMs);
    if (twin < index)
      problems.add(
        ['windows', index],
        `found ${window.name} again, which is the same as ${windows[twin]?.name}; expected each window once`,
      );
  }
  const paneMs = paneLength(windows);
  for (const [index, window] of windows.entries()) {
    const panes = window.sizeMs / paneMs;
    if (panes > PANES_MAX) {
      problems.add(
        ['windows', index],
        `found ${window.name} beside windows that only share parts of ${paneMs} ms with it: ${panes} parts; expected at most ${PANES_MAX}`,
      );
    }
  }
  return windows;
}

/** Each roll-up in the order of the dimensions. */
export function resolveRollups(block: readonly string[][], dimensions: readonly string[], problems: Problems): string[][] {
  const seen = new Map<string, number>();
  return block.map((rollup, index) => {
    for (const [position, name] of rollup.entries()) {
      if (!dimensions.includes(name)) problems.unknown(['rollups', index, position], name, 'a dimension', dimensions);
      if (rollup.indexOf(name) < position)
        problems.add(['rollups', index, position], `found ${JSON.stringify(name)} twice; expected it once`);
    }
    const ordered = dimensions.filter((name) => rollup.includes(name));
    if (ordered.length === dimensions.length) {
      problems.add(['rollups', index], 'found all dimensions; expected fewer of them, as the full set is always computed');
    }
    const key = ordered.join(' ');
    if (seen.has(key)) problems.add(['rollups', index], `found the same roll-up as entry ${(seen.get(key) ?? 0) + 1}; expected each once`);
    else seen.set(key, index);
    return ordered;
  });
}
