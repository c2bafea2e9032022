/**
 * Label values of cells as a body of partials has them: codes of a dictionary that grows as they are met. What is made of the labels of a series is
 * kept from body to body: made anew for each, it would be most of what the collector of a pipeline with many series has to go over.
 */
import type { ByteReader } from '../byte-stream.ts';
import { seriesKey, type SeriesKey } from '../cells.ts';

/** Shared by all cells of the series. */
export interface NamedLabels {
  readonly labels: readonly string[];
  readonly key: SeriesKey;
}

/** Of one body. */
export interface LabelsReader {
  /** A section begins: from here on a series is met for the first time. */
  begin(): void;
  /** @throws RangeError where the bytes are no labels */
  read(from: ByteReader): NamedLabels;
  /** Of this section no series was met twice. */
  readonly isEachOnce: boolean;
}

/** Series that were met before. Bodies are read one after the other. */
export interface LabelsBook {
  body(): LabelsReader;
}

/** A label behind those before it, and those that go on from here by the next one. */
interface Step {
  readonly label: string;
  readonly before: Step | undefined;
  /** Made where the labels of a cell end: at each step it would take memory by the square of their number. */
  named: NamedLabels | undefined;
  /** The section in which a cell ended here last. */
  section: number;
  next: Map<string, Step> | undefined;
}

/** Series come and go: with more labels than these it begins anew, with the next body. */
const LABELS_MAX = 65_536;

export function createLabelsBook(labelsMax = LABELS_MAX): LabelsBook {
  const first = stepOf('', undefined);
  /** By itself: a label is one string in all bodies, which is compared in no time. */
  const texts = new Map<string, string>();
  let steps = 0;
  let section = 0;

  function clear(): void {
    first.next = undefined;
    texts.clear();
    steps = 0;
  }

  function after(step: Step, label: string): Step {
    const next = (step.next ??= new Map());
    let found = next.get(label);
    if (!found) {
      next.set(label, (found = stepOf(label, step)));
      steps++;
    }
    return found;
  }

  function body(): LabelsReader {
    if (steps > labelsMax) clear();
    const dictionary: string[] = [];
    let isEachOnce = true;

    function labelOf(code: number, from: ByteReader): string {
      if (code === dictionary.length) {
        const text = fromJson(from.text()) as string;
        const known = texts.get(text);
        if (known === undefined) texts.set(text, text);
        dictionary.push(known ?? text);
      }
      const label = dictionary[code];
      if (label === undefined) throw new RangeError(`label ${code} of a dictionary of ${dictionary.length}`);
      return label;
    }

    return {
      begin() {
        section++;
        isEachOnce = true;
      },
      read(from) {
        let at = first;
        for (let left = from.count(); left > 0; left--) at = after(at, labelOf(from.count(), from));
        isEachOnce &&= at.section !== section;
        at.section = section;
        return (at.named ??= namedBy(at));
      },
      get isEachOnce() {
        return isEachOnce;
      },
    };
  }

  return { body };
}

function stepOf(label: string, before: Step | undefined): Step {
  return { label, before, named: undefined, section: 0, next: undefined };
}

function namedBy(last: Step): NamedLabels {
  const labels: string[] = [];
  for (let at = last; at.before; at = at.before) labels.push(at.label);
  labels.reverse();
  return { labels, key: seriesKey({ labels }) };
}

/** @throws RangeError where the text is no JSON */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RangeError(`JSON is expected, not ${text.slice(0, 40)}`, { cause: error });
  }
}
