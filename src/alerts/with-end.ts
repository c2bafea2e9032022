import type { AlertEvent } from '../receivers/alert-event.ts';

/** An episode keeps the words of its beginning; of its end it takes whether things are as they were, or taken for how they are now. */
export function withEnd<Event extends AlertEvent>(begun: Event, record: AlertEvent): Event {
  // Records of another hand may have no explanation.
  const { lasting } = (record as Partial<AlertEvent>).explanation ?? {};
  return lasting ? { ...begun, explanation: { ...begun.explanation, lasting } } : begun;
}
