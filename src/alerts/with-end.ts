import type { AlertEvent } from '../receivers/alert-event.ts';
import { endingOf, type Ending } from '../receivers/ending.ts';

export interface Ended {
  /** How it ended; absent while it fires. */
  readonly ending?: Ending;
}

/** An episode keeps values and words of its beginning; of its end it takes whether things are as they were. */
export function withEnd<Event extends AlertEvent>(begun: Event, record: AlertEvent): Event & Ended {
  // Records of another hand may have no explanation.
  const { lasting } = (record as Partial<AlertEvent>).explanation ?? {};
  if (record.status !== 'resolved') return begun;
  return { ...begun, ...(lasting && { explanation: { ...begun.explanation, lasting } }), ending: endingOf(record) };
}
