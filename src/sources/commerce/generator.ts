/**
 * Clicks and orders of a shop out of nothing but a seed and the time: NDJSON records, the same for the same seconds in every run.
 * With each comes what must become of it: by construction, not by judging it.
 */
import type { Outcome } from '../../core/outcome.ts';
import { randomUuid } from '../../core/random-uuid.ts';
import { createRandom, type Random } from '../../core/random.ts';
import type { CommerceConfig, CommerceStream } from './config.ts';
import { broken, CHANNELS, clickText, orderText, type Session, type TextAt, type Version } from './event.ts';
import { createVisitors, REFUND_RATE, type Visitors } from './shop.ts';

export interface Arrival {
  /** When it is sent, epoch ms. */
  readonly at: number;
  readonly text: string;
  /**
   * For a pipeline whose `out_of_orderness` is the disorder or more, whose `allowed_lateness` is 90 s or more and with the window 3 minutes
   * or less, that remembers ids for 10 minutes or more and takes events up to 5 minutes ahead.
   */
  readonly expected: Outcome;
  /** For invalid. */
  readonly reason?: string;
}

export interface CommerceGenerator {
  /**
   * What of one stream arrives in `fromMs <= time < toMs` (epoch ms, whole numbers), in this order. Ranges that adjoin give together what
   * the whole range gives.
   */
  arrivals(fromMs: number, toMs: number): Arrival[];
}

/** Sessions are drawn second by second, from (seed, second, visitors): so any range can be made on its own. */
const SLOT = 1_000;
/** A session with its refund is over after this. */
const SESSION_MAX = 180_000;
const [DELAY_MIN, DELAY_MAX] = [20_000, 90_000];
const [LATE_MIN, LATE_MAX] = [240_000, 720_000];
const [AHEAD_MIN, AHEAD_MAX] = [600_000, 1_200_000];
const USERS = 20_000;

interface Levels {
  readonly price: number;
  readonly purchases: number;
  readonly broken: number;
}

/** `originMs`: when the generator was first started; nothing arrives before it, `after` of a break counts from there, and in its first second all is well. */
export function createCommerceGenerator(config: CommerceConfig, { originMs }: { originMs: number }): CommerceGenerator {
  const visitors = createVisitors();
  const seconds = new Map<number, Arrival[]>();
  /** Sessions that begin before it are in `seconds`; a slot. */
  let madeTo = 0;
  /** Seconds before it are gone. */
  let kept = Infinity;

  function levelsAt({ country, device }: Visitors, timeMs: number): Levels {
    const levels = { price: 1, purchases: 1, broken: config.broken };
    for (const each of config.breaks) {
      const start = originMs + each.after;
      if (timeMs < start || timeMs >= start + each.for) continue;
      if ((each.country ?? country) !== country || (each.device ?? device) !== device) continue;
      levels.price *= each.price ?? 1;
      levels.purchases *= each.purchases ?? 1;
      levels.broken = each.broken ?? levels.broken;
    }
    return levels;
  }

  /** One event on its way: what becomes of it, and of its copy. `random` is this event's alone, so that one stream is as it is without the other. */
  function send(
    stream: CommerceStream,
    at: number,
    textAt: TextAt,
    random: Random,
    by: { version: Version; nullCoupon: boolean; broken: number },
  ) {
    if (stream !== config.stream || at < originMs) return;
    const isWell = at < originMs + SLOT;
    const fate = isWell ? 1 : random.unit();
    const delay = Math.floor(random.unit() ** 3 * (config.disorder + 1));
    const shift = random.unit();
    const late = fate < config.late;
    // One thing wrong with an event at a time, or what becomes of it would hang on what is mended.
    const isPlain = by.version !== 'v3' && !by.nullCoupon;
    const ahead = !late && isPlain && fate < config.late + config.future;
    const delayed = !late && !ahead && fate < config.late + config.future + config.delayed;
    const behind = late ? between(LATE_MIN, LATE_MAX, shift) : delayed ? between(DELAY_MIN, DELAY_MAX, shift) : delay;
    const timeMs = at - behind + (ahead ? between(AHEAD_MIN, AHEAD_MAX, shift) : 0);
    const isBroken = !isWell && !late && !ahead && isPlain && random.unit() < by.broken;
    const whole = textAt(timeMs);
    const sent = isBroken ? broken(whole, random) : { text: whole, reason: reasonOf(by, ahead) };
    const expected: Outcome = sent.reason !== undefined ? 'invalid' : late ? 'late' : 'accepted';
    const arrival: Arrival = { at, text: sent.text, expected, ...(sent.reason !== undefined && { reason: sent.reason }) };
    put(arrival);
    if (!isWell && random.unit() < config.duplicates) {
      put({ ...arrival, at: at + random.below(SLOT), expected: expected === 'accepted' ? 'duplicate' : expected });
    }
  }

  function put(arrival: Arrival): void {
    const slot = Math.floor(arrival.at / SLOT);
    const there = seconds.get(slot);
    if (there) there.push(arrival);
    else seconds.set(slot, [arrival]);
  }

  function addSession(of: Visitors, random: Random, startMs: number): void {
    const session: Session = {
      visitors: of,
      id: `s${hex(random)}`,
      user: `u${random.below(USERS).toString(36)}`,
      channel: CHANNELS[random.below(CHANNELS.length)]!,
    };
    let at = startMs;
    const click = (type: 'session_start' | 'page_view' | 'add_to_cart' | 'checkout'): void => {
      const latencyMs = Math.max(1, Math.round(of.latencyMs * Math.exp(0.5 * random.normal())));
      const version = versionOf(random);
      const text = clickText(randomUuid(random), version, session, { type, latencyMs });
      send('clicks', at, text, createRandom(random.uint32(), 1), { version, nullCoupon: false, broken: levelsAt(of, at).broken });
      at += 500 + random.below(12_000);
    };
    const order = (type: 'order' | 'refund', id: string, cents: number): void => {
      const version = versionOf(random);
      const nullCoupon = random.unit() < config.null_coupons && version === 'v2';
      const coupon = nullCoupon ? null : random.unit() < 0.2 ? 'SPRING' : undefined;
      const text = orderText(randomUuid(random), version, session, { type, order: id, cents, coupon });
      send('orders', at, text, createRandom(random.uint32(), 2), { version, nullCoupon, broken: levelsAt(of, at).broken });
    };
    click('session_start');
    // Few enough that the session is over in time, its refund too.
    for (let pages = Math.min(5, 1 + random.poisson(2.5)); pages > 0; pages--) click('page_view');
    if (random.unit() >= of.cartRate) return;
    click('add_to_cart');
    if (random.unit() >= of.purchaseRate * levelsAt(of, at).purchases) return;
    click('checkout');
    const id = `o${hex(random)}`;
    const cents = Math.max(1, Math.round(of.price * Math.exp(0.5 * random.normal()) * levelsAt(of, at).price * 100));
    order('order', id, cents);
    at += 10_000 + random.below(40_000);
    if (random.unit() < REFUND_RATE) order('refund', id, cents);
  }

  function versionOf(random: Random): Version {
    const unit = random.unit();
    return unit < config.v3 ? 'v3' : unit < config.v3 + config.v2 ? 'v2' : 'v1';
  }

  /** Makes the sessions that may send something in [from, to), slots. Going back starts anew. */
  function make(from: number, to: number): void {
    const first = from - SESSION_MAX / SLOT - 1;
    if (from < kept || first > madeTo) {
      seconds.clear();
      madeTo = first;
    }
    for (; madeTo < to; madeTo++) {
      visitors.forEach((each, i) => {
        const random = createRandom(config.seed, madeTo, i);
        for (let left = random.poisson(config.rate * each.share); left > 0; left--) {
          addSession(each, random, madeTo * SLOT + random.below(SLOT));
        }
      });
    }
  }

  return {
    arrivals(fromMs, toMs) {
      const [from, to] = [Math.floor(fromMs / SLOT), Math.ceil(toMs / SLOT)];
      make(from, to);
      for (const slot of seconds.keys()) if (slot < from) seconds.delete(slot);
      kept = from;
      const found: Arrival[] = [];
      for (let slot = from; slot < to; slot++) {
        const due = (seconds.get(slot) ?? []).filter(({ at }) => at >= fromMs && at < toMs);
        found.push(...due.sort((a, b) => a.at - b.at));
      }
      return found;
    },
  };
}

/** Why an event that is whole is not valid all the same; first comes what is found first. */
function reasonOf({ version, nullCoupon }: { version: Version; nullCoupon: boolean }, ahead: boolean): string | undefined {
  if (version === 'v3') return 'schema_version';
  if (nullCoupon) return 'type:coupon';
  return ahead ? 'future' : undefined;
}

function between(min: number, max: number, unit: number): number {
  return min + Math.floor(unit * (max - min + 1));
}

function hex(random: Random): string {
  return [random.uint32(), random.uint32()].map((word) => word.toString(16).padStart(8, '0')).join('');
}
