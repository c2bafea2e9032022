/** The text of one event of the shop, and what makes it invalid. All ASCII. */
import type { Random } from '../../core/random.ts';
import type { Visitors } from './shop.ts';

export const CHANNELS = ['search', 'ads', 'mail', 'direct'] as const;
export type Version = 'v1' | 'v2' | 'v3';

export interface Session {
  readonly visitors: Visitors;
  readonly id: string;
  readonly user: string;
  /** What brought the visitor. */
  readonly channel: (typeof CHANNELS)[number];
}

export interface ClickFacts {
  readonly type: 'session_start' | 'page_view' | 'add_to_cart' | 'checkout';
  readonly latencyMs: number;
}
export interface OrderFacts {
  readonly type: 'order' | 'refund';
  readonly order: string;
  /** US cents. */
  readonly cents: number;
  /** Null: a v2 order with the coupon that its schema does not allow. */
  readonly coupon: string | null | undefined;
}

/** An event without its time, which is known when it is sent. */
export type TextAt = (timeMs: number) => string;

export function clickText(id: string, version: Version, session: Session, { type, latencyMs }: ClickFacts): TextAt {
  const more = version === 'v1' ? '' : `,"channel":"${session.channel}"`;
  return (timeMs) => `${head(id, version, type, timeMs, session)},"latency_ms":${latencyMs}${more}}`;
}

export function orderText(id: string, version: Version, session: Session, { type, order, cents, coupon }: OrderFacts): TextAt {
  const more = version === 'v1' || coupon === undefined ? '' : `,"coupon":${JSON.stringify(coupon)}`;
  return (timeMs) => `${head(id, version, type, timeMs, session)},"order_id":"${order}","amount":${cents / 100},"currency":"USD"${more}}`;
}

function head(id: string, version: Version, type: string, timeMs: number, { visitors, id: sessionId, user }: Session): string {
  return (
    `{"schema_version":"${version}","event_id":"${id}","event_type":"${type}","event_time":"${new Date(timeMs).toISOString()}",` +
    `"session_id":"${sessionId}","user_id":"${user}","country":"${visitors.country}","device":"${visitors.device}"`
  );
}

const FAULTS: readonly { readonly reason: string; readonly breakIt: (text: string, random: Random) => string }[] = [
  { reason: 'bad_json', breakIt: (text, random) => text.slice(0, 1 + random.below(text.length - 1)) },
  { reason: 'not_object', breakIt: (text) => `[${text}]` },
  { reason: 'missing:country', breakIt: (text) => text.replace(/"country":"..",/, '') },
  { reason: 'value:country', breakIt: (text) => text.replace(/"country":".."/, '"country":"XX"') },
  { reason: 'value:event_time', breakIt: (text) => text.replace(/"event_time":"[^"]+"/, '"event_time":"yesterday"') },
  { reason: 'type:user_id', breakIt: (text) => text.replace(/"user_id":"[^"]+"/, '"user_id":7') },
  { reason: 'schema_version', breakIt: (text) => text.replace(/"schema_version":"..",/, '') },
];

/** The same event, made invalid in one of several ways, and the reason that its dead letter must give. */
export function broken(text: string, random: Random): { text: string; reason: string } {
  const { reason, breakIt } = FAULTS[random.below(FAULTS.length)]!;
  return { text: breakIt(text, random), reason };
}
