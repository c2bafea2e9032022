/** Where a chat message leads to. */
import { webAddress } from '../../core/web-address.ts';
import type { AlertEvent } from '../alert-event.ts';
import { cardAddress } from '../card-address.ts';
import type { ChatTexts } from './text/texts.ts';

export interface Link {
  readonly to: 'card' | 'runbook';
  readonly text: string;
  /** Percent-encoded also where a chat's markup would end an address, but for an IPv6 host. */
  readonly address: string;
}

/** The alert's card, where it is known where the page is; what to do about it, while it fires. */
export function alertLinks(alert: AlertEvent, page: string | undefined, texts: ChatTexts): Link[] {
  const card = page === undefined ? undefined : cardAddress(page, alert);
  const runbook = alert.status === 'firing' ? alert.runbook : undefined;
  return [link('card', texts.open, card), link('runbook', texts.runbook, runbook)].flatMap((each) => each ?? []);
}

/** Records may be of another hand: what is no address is no link. */
function link(to: Link['to'], text: string, wanted: unknown): Link | undefined {
  const address = typeof wanted === 'string' ? webAddress(wanted) : undefined;
  return address === undefined ? undefined : { to, text, address: encoded(address) };
}

/** Without the brackets of an IPv6 host it is no address any more: they end no link. */
function encoded(address: string): string {
  const [host = ''] = /^https?:\/\/\[[\da-f:]+\]/.exec(address) ?? [];
  return host + address.slice(host.length).replace(/[^\w\-.~:/?#@!$&'*+,;=%]/g, percentEncoded);
}

function percentEncoded(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
