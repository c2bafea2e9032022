/**
 * Any character of Unicode, for strings of fast-check. As its own unit `binary`, which writes down all million of them before the first string: a
 * second of the processor in every test file that asks for it.
 */
import { fc } from './fast-check.ts';

const SURROGATES_FROM = 0xd800;
const SURROGATES = 0x800;
const LAST = 0x10_ffff;

/** Both ways, as fast-check then mixes in words that are dangerous as keys. */
export const anyCharacter = fc.nat(LAST - SURROGATES).map(
  (nth) => String.fromCodePoint(nth < SURROGATES_FROM ? nth : nth + SURROGATES),
  (character) => {
    const point = typeof character === 'string' ? character.codePointAt(0) : undefined;
    if (point === undefined || character !== String.fromCodePoint(point) || !character.isWellFormed()) throw new Error('not one');
    return point < SURROGATES_FROM ? point : point - SURROGATES;
  },
);
