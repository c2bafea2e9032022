import type { AlertEvent } from '../receivers/alert-event.ts';
import { endingOf, type Ending } from '../receivers/ending.ts';

/** An episode keeps values and words of its beginning; of its end it takes how that was. `ending` is absent while it fires. */
export function withEnd<Event extends AlertEvent>(begun: Event, record: AlertEvent): Event & { readonly ending?: Ending } {
  if (record.status !== 'resolved') {
    // It may have ended before, and fire again.
    const { ending: _, ...firing } = begun as Event & { readonly ending?: Ending };
    return firing as unknown as Event;
  }
  // Records of another hand may have no explanation.
  const { lasting } = (record as Partial<AlertEvent>).explanation ?? {};
  return { ...begun, ...(lasting && { explanation: { ...begun.explanation, lasting } }), ending: endingOf(record) };
}
