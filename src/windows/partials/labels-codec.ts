/** Label values of cells as a body of partials has them: codes of a dictionary that grows as they are met. */
import type { ByteReader } from '../byte-stream.ts';
import { seriesKey, type SeriesKey } from '../cells.ts';

/** Shared by all cells of the series in a body: thousands of windows have the same few hundred series. */
export interface NamedLabels {
  readonly labels: readonly string[];
  readonly key: SeriesKey;
  /** Numbers the series of the body. */
  readonly code: number;
}

export interface LabelsReader {
  /** @throws RangeError where the bytes are no labels */
  read(from: ByteReader): NamedLabels;
}

/** A label behind those before it, and those that go on from here by the code of the next one. */
interface Step {
  readonly label: string;
  readonly before: Step | undefined;
  /** Made where the labels of a cell end: at each step it would take memory by the square of their number. */
  named: NamedLabels | undefined;
  readonly next: Map<number, Step>;
}

/** Of one body. */
export function labelsIn(): LabelsReader {
  const dictionary: string[] = [];
  let series = 0;
  const first: Step = { label: '', before: undefined, named: undefined, next: new Map() };

  function labelOf(code: number, from: ByteReader): string {
    if (code === dictionary.length) dictionary.push(fromJson(from.text()) as string);
    const label = dictionary[code];
    if (label === undefined) throw new RangeError(`label ${code} of a dictionary of ${dictionary.length}`);
    return label;
  }

  return {
    read(from) {
      let at = first;
      for (let left = from.count(); left > 0; left--) {
        const code = from.count();
        let step = at.next.get(code);
        if (!step) at.next.set(code, (step = { label: labelOf(code, from), before: at, named: undefined, next: new Map() }));
        at = step;
      }
      return (at.named ??= namedBy(at, series++));
    },
  };
}

function namedBy(last: Step, code: number): NamedLabels {
  const labels: string[] = [];
  for (let at = last; at.before; at = at.before) labels.push(at.label);
  labels.reverse();
  return { labels, key: seriesKey({ labels }), code };
}

/** @throws RangeError where the text is no JSON */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RangeError(`JSON is expected, not ${text.slice(0, 40)}`, { cause: error });
  }
}
