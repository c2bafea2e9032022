/** What is posted of an alert: its record, in a size that servers take. */
import { SEVERITIES, type AlertEvent, type AlertMember } from '../alert-event.ts';

/** At under 300 bytes each they stay well below the 100 kB that common servers take by default; what is too large is refused for good. */
export const MEMBERS_MAX = 100;

/** `page`: the address of the alert's card. */
export function webhookBody(alert: AlertEvent, page: string | null): string {
  const { members } = alert;
  const shown = members && members.length > MEMBERS_MAX ? gravest(members) : members;
  // Page and count are of what is sent, and so not of the record.
  return JSON.stringify({ ...alert, ...(shown && { members: shown }), members_count: members?.length ?? 0, page_url: page });
}

/** Of those that are as grave the first ones. */
function gravest(members: readonly AlertMember[]): AlertMember[] {
  return members.toSorted((a, b) => rank(b) - rank(a)).slice(0, MEMBERS_MAX);
}

function rank({ severity }: AlertMember): number {
  return severity === undefined ? -1 : SEVERITIES.indexOf(severity);
}
