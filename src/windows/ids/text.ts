/**
 * Whole ids in a byte array, one after the other: the length (7 bits a byte, the lowest first), then UTF-8. In memory an id is a
 * string of such bytes (characters 0-255), which is the id itself where it is ASCII. Place 0 means that there is none.
 */
import { utf8AsLatin1 } from './hash.ts';

export function asByteText(text: string): string {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return utf8AsLatin1(text);
  return text;
}

/** Whether it is the text at `at`; where there is none, the hash has to do. */
export function isText(texts: Uint8Array, at: number, text: string): boolean {
  if (at === 0) return true;
  let from = at;
  let length = text.length;
  for (; length > 127; length >>>= 7) if (texts[from++] !== (128 | (length & 127))) return false;
  if (texts[from++] !== length) return false;
  for (let i = 0; i < text.length; i++) if (texts[from + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Most bytes that `writeText` takes for it. */
export function roomFor(text: string): number {
  return text.length + 5;
}

/** Returns where the next one goes. */
export function writeText(texts: Uint8Array, at: number, text: string): number {
  let to = at;
  let length = text.length;
  for (; length > 127; length >>>= 7) texts[to++] = 128 | (length & 127);
  texts[to++] = length;
  for (let i = 0; i < text.length; i++) texts[to++] = text.charCodeAt(i);
  return to;
}

/** Bytes that the text at `at` takes, its length included. */
export function textSize(texts: Uint8Array, at: number): number {
  let length = 0;
  for (let from = at; ; from++) {
    const byte = texts[from]!;
    length += (byte & 127) * 2 ** (7 * (from - at));
    if (byte <= 127) return from + 1 - at + length;
  }
}

export function readText(texts: Uint8Array, at: number): string {
  let from = at;
  while (texts[from]! > 127) from++;
  const end = at + textSize(texts, at);
  let text = '';
  for (let i = from + 1; i < end; i++) text += String.fromCharCode(texts[i]!);
  return text;
}

/** Returns where the next one goes. */
export function copyText(from: Uint8Array, at: number, to: Uint8Array, next: number): number {
  const size = textSize(from, at);
  for (let i = 0; i < size; i++) to[next + i] = from[at + i]!;
  return next + size;
}
