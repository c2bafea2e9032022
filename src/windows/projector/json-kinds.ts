/** What stands at a field of a record; the numbers are bits of masks, so they stay below 32. */
export const ABSENT = 0;
export const TEXT = 1;
/** A text with escapes: its bytes are not its characters. */
export const ESCAPED = 2;
export const NUMBER = 3;
export const TRUE = 4;
export const FALSE = 5;
export const NULL = 6;
/** An object or an array. */
export const OBJECT = 7;
export const ARRAY = 8;
