/** Finds what is known of a series by its labels, without making a text of them: the strings of labels come again and again. */
import type { Labels } from './labels.ts';

export interface LabelsIndex<T> {
  /** Undefined also where the same labels were added in another order. */
  get(labels: Labels): T | undefined;
  set(labels: Labels, value: T): void;
}

interface Place<T> {
  value: T | undefined;
  /** By the name of the next label, then by its value. */
  next: Map<string, Map<string, Place<T>>> | undefined;
}

export function createLabelsIndex<T>(): LabelsIndex<T> {
  const root: Place<T> = { value: undefined, next: undefined };

  return {
    get(labels) {
      let place: Place<T> | undefined = root;
      for (const name in labels) {
        place = place.next?.get(name)?.get(labels[name]!);
        if (!place) return undefined;
      }
      return place.value;
    },
    set(labels, value) {
      let place = root;
      for (const name in labels) {
        const names = (place.next ??= new Map());
        let values = names.get(name);
        if (!values) names.set(name, (values = new Map()));
        let next = values.get(labels[name]!);
        if (!next) values.set(labels[name]!, (next = { value: undefined, next: undefined }));
        place = next;
      }
      place.value = value;
    },
  };
}
