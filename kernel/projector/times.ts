/** Event times of the common form, `2026-03-02T09:48:17.250Z` with 0 to 9 digits of a fraction; without the `Z` where a clock is told. */
import { allocate } from './memory.ts';
import { minuteAt } from './host.ts';

/** Last of the times that there are, the end of the year 9999; epoch ms. */
export const TIME_LAST_MS: f64 = 253_402_300_799_999;

/** The minute that was seen last: times come nearly in order, and the calendar is asked once a minute. */
@unmanaged
export class TimeReader {
  low: u64;
  high: u64;
  minuteMs: f64;
}

export function createTimeReader(): TimeReader {
  const made = changetype<TimeReader>(allocate(offsetof<TimeReader>()));
  made.minuteMs = NaN;
  return made;
}

/**
 * Epoch ms of the text at [from, to), as event-time.ts has it; NaN where it has another form, or is no time. `zoneMs`: that of a text without
 * the `Z`, which may have a space for the `T`; NaN where there is none.
 */
export function readTime(reader: TimeReader, from: usize, to: usize, zoneMs: f64): f64 {
  const isUtc = load<u8>(to - 1) === 0x5a;
  const end = isUtc ? to - 1 : to;
  const length = end - from;
  if (length < 19 || length > 29 || load<u8>(from + 16) !== 0x3a) return NaN;
  const separator = load<u8>(from + 10);
  if (separator !== 0x54 && (isUtc || separator !== 0x20)) return NaN;
  if (load<u64>(from) !== reader.low || load<u64>(from + 8) !== reader.high) {
    reader.low = load<u64>(from);
    reader.high = load<u64>(from + 8);
    reader.minuteMs = minuteAt(from);
  }
  const tens = (load<u8>(from + 17) as u32) - 0x30;
  const ones = (load<u8>(from + 18) as u32) - 0x30;
  if (tens > 5 || ones > 9) return NaN;
  let ms: u32 = 0;
  if (length > 19) {
    if (length === 20 || load<u8>(from + 19) !== 0x2e) return NaN;
    let unit: u32 = 100;
    for (let at = from + 20; at < end; at++) {
      const digit = (load<u8>(at) as u32) - 0x30;
      if (digit > 9) return NaN;
      // Finer than a millisecond is cut off.
      ms += digit * unit;
      unit /= 10;
    }
  }
  const time = reader.minuteMs + ((tens * 10_000 + ones * 1_000 + ms) as f64);
  if (isUtc) return time;
  const there = time - zoneMs;
  return there >= 0 && there <= TIME_LAST_MS ? there : NaN;
}
