/**
 * Which segments of a partition have a place, of as many as there are. One keeps it for as long as it comes, and gives it back when it has not come
 * for a day. That day is the partition's own: a segment remembers the quarter of a day that the watermark was in when it came last, and places
 * are looked over when the watermark enters another. So who counts under `other` follows from the records alone.
 */

const QUARTER_MS = 21_600_000;
/** A segment that came in the quarter before these, or earlier, has not come for a day. */
export const QUARTERS_KEPT = 4;

/** The quarter of a day that the watermark is in, counted from the epoch. */
export function quarterOf(watermark: number): number {
  return Math.floor(watermark / QUARTER_MS);
}

/** Watermark at which a quarter begins, epoch ms. */
export function startOfQuarter(quarter: number): number {
  return quarter * QUARTER_MS;
}

/** By the codes of segments. */
export interface Places {
  has(code: number): boolean;
  /** No place is left. */
  readonly isFull: boolean;
  /** It has come for the first time, and there is a place left. */
  take(code: number): void;
  /** These have places, and came. */
  note(codes: Int32Array, size: number): void;
  /** The next events come in this quarter; whether any place was given back. */
  enter(quarter: number): boolean;
  /** It came last in this quarter. */
  restore(code: number, quarter: number): void;
  /** This one has no place and needs none. */
  exempt(code: number): void;
  /** Those that came in this quarter for the first time, since the last call. */
  takeCame(): readonly number[];
}

const NO_PLACE = -(2 ** 31);
const CAPACITY_MIN = 64;

export function createPlaces(max: number): Places {
  /** By code the quarter in which it came last. */
  let last = new Int32Array(CAPACITY_MIN).fill(NO_PLACE);
  let exempted: number | undefined;
  let taken = 0;
  let quarter = 0;
  let came: number[] = [];

  function put(code: number, at: number): void {
    if (code >= last.length) {
      const wider = new Int32Array(Math.max(code + 1, 2 * last.length)).fill(NO_PLACE);
      wider.set(last);
      last = wider;
    }
    if (last[code] === NO_PLACE && code !== exempted) taken++;
    last[code] = at;
  }

  return {
    has: (code) => code !== exempted && code < last.length && last[code] !== NO_PLACE,
    get isFull() {
      return taken >= max;
    },
    take(code) {
      put(code, quarter);
      came.push(code);
    },
    note(codes, size) {
      for (let k = 0; k < size; k++) {
        const code = codes[k]!;
        if (last[code] === quarter) continue;
        last[code] = quarter;
        came.push(code);
      }
    },
    enter(next) {
      quarter = next;
      let isAnyBack = false;
      for (let code = 0; code < last.length; code++) {
        if (last[code] === NO_PLACE || last[code]! >= quarter - QUARTERS_KEPT || code === exempted) continue;
        last[code] = NO_PLACE;
        taken--;
        isAnyBack = true;
      }
      if (exempted !== undefined) last[exempted] = quarter;
      return isAnyBack;
    },
    restore: put,
    exempt(code) {
      exempted = code;
      put(code, quarter);
    },
    takeCame() {
      const taking = came;
      came = [];
      return taking;
    },
  };
}
