import type { AlertEvent } from './alert-event.ts';

/** The address of an alert's card, with `page` where the page is; web/src/route.ts reads it. */
export function cardAddress(page: string, { alert_id: id, pipeline }: Pick<AlertEvent, 'alert_id' | 'pipeline'>): string {
  return `${page.replace(/\/+$/, '')}/#/alert/${encodeURIComponent(id)}?${new URLSearchParams({ pipeline }).toString()}`;
}
