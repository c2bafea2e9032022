import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../core/slices.ts';
import type { Detector } from '../../detectors/detector.ts';
import { createStateBook } from './monitor-state.ts';
import { createWatchedSeries } from './watched-series.ts';

test('a series that is forgotten after it changed is deleted and not written again', () => {
  const states = createStateBook('p');
  const book = createWatchedSeries(['threshold', 'n', '1m'], ['segment'], { stateVersion: 1 } as Detector, { v: 1 }, states);
  const [gone, kept] = ['a', 'b'].map((segment) => book.add(`segment=${segment}`, { segment }, 0));
  book.touch(gone!);
  book.touch(kept!);
  book.forget(gone!);
  const keyOf = (labelsKey: string): string => states.keyOf({ kind: 'series', entry: ['threshold', 'n', '1m'], labelsKey });
  assert.deepEqual(
    atOnce(book.takeStateChanges()).map(([key]) => key),
    [keyOf(kept!.key)],
  );
  assert.deepEqual(states.take(), [[keyOf(gone!.key), null]]);
});
