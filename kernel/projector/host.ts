/** What is rare is asked of JavaScript, so that there is one truth of it. Addresses are of this memory. */

/** The number whose JSON text stands at [from, to). */
export declare function numberAt(from: usize, to: usize): f64;
/** Epoch ms of the minute whose 16 characters, `2026-03-02T09:48`, begin at `from`; NaN where it is none. */
export declare function minuteAt(from: usize): f64;
/** Epoch ms of an event time that is not RFC 3339, a text or a number; NaN where it is none. */
export declare function timeAt(from: usize, to: usize, isText: bool): f64;
/** Whether the text at [from, to) surely passes test `test`. */
export declare function textHolds(test: i32, from: usize, to: usize): bool;
/** Writes the number as JavaScript spells it to `to`; returns how many bytes it takes, at most 32. */
export declare function spell(value: f64, to: usize): u32;
