import type { AlertEvent } from '../receivers/alert-event.ts';
import { endingOf, type Ending } from '../receivers/ending.ts';

/** An episode keeps values and words of its beginning; of its end it takes how that was. `ending` is absent while it fires. */
export function withEnd<Event extends AlertEvent>(begun: Event, record: AlertEvent): Event & { readonly ending?: Ending } {
  // Records of another hand may have no explanation.
  const { lasting } = (record as Partial<AlertEvent>).explanation ?? {};
  if (record.status !== 'resolved') return begun;
  return { ...begun, ...(lasting && { explanation: { ...begun.explanation, lasting } }), ending: endingOf(record) };
}
