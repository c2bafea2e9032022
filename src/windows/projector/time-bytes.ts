/** Event times of the common form, `2026-03-02T09:48:17.250Z` with 0 to 9 digits of a fraction, from their bytes. */
import { parseEventTime } from '../event-time.ts';

export interface TimeReader {
  /** Epoch ms, as event-time.ts has it; NaN where the bytes at [from, to) have another form, or are no time. */
  read(bytes: Uint8Array, view: DataView, from: number, to: number): number;
}

/** Keeps the minute that it saw last: times come nearly in order, and the calendar is asked once a minute. */
export function createTimeReader(): TimeReader {
  const seen = new Int32Array(4);
  let minuteMs = NaN;

  /** The minute whose 16 characters, `2026-03-02T09:48`, begin at `from`. */
  function readMinute(bytes: Uint8Array, view: DataView, from: number): void {
    for (let k = 0; k < 4; k++) seen[k] = view.getInt32(from + 4 * k, true);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, 16).toString('latin1');
    minuteMs = text[10] === 'T' ? parseEventTime(`${text}:00.000Z`, 'iso') : NaN;
  }

  return {
    read(bytes, view, from, to) {
      const length = to - from;
      if (length < 20 || length > 30 || bytes[from + 16] !== 0x3a || bytes[to - 1] !== 0x5a) return NaN;
      if (
        view.getInt32(from, true) !== seen[0] ||
        view.getInt32(from + 4, true) !== seen[1] ||
        view.getInt32(from + 8, true) !== seen[2] ||
        view.getInt32(from + 12, true) !== seen[3]
      ) {
        readMinute(bytes, view, from);
      }
      const tens = bytes[from + 17]! - 0x30;
      const ones = bytes[from + 18]! - 0x30;
      if (!(tens >= 0 && tens <= 5 && ones >= 0 && ones <= 9)) return NaN;
      let ms = 0;
      if (length > 20) {
        if (length === 21 || bytes[from + 19] !== 0x2e) return NaN;
        let unit = 100;
        for (let at = from + 20; at < to - 1; at++) {
          const digit = bytes[at]! - 0x30;
          if (!(digit >= 0 && digit <= 9)) return NaN;
          // Finer than a millisecond is cut off.
          if (unit >= 1) ms += digit * unit;
          unit /= 10;
        }
      }
      return minuteMs + (tens * 10 + ones) * 1_000 + ms;
    },
  };
}
