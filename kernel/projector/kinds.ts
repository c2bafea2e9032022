/** What stands at a field of a record: bits of masks; those of src/windows/projector/json-kinds.ts. */
export const ABSENT: u32 = 0;
export const TEXT: u32 = 1;
/** A text with escapes: its bytes are not its characters. */
export const ESCAPED: u32 = 2;
export const NUMBER: u32 = 3;
export const TRUE: u32 = 4;
export const FALSE: u32 = 5;
export const NULL: u32 = 6;
export const OBJECT: u32 = 7;
export const ARRAY: u32 = 8;
