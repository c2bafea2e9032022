/**
 * Who came in which quarter of a day, as a partition's snapshot keeps it: the segments of each quarter in chunks, of which the last is written again
 * until it is full. Who has a place came in one of the last quarters; a quarter before those goes whole. So no chunk is ever looked through.
 */
import { QUARTERS_KEPT } from './places.ts';
import type { Came } from './series.ts';

export interface PlaceChunks {
  /** Takes in who came; what has to be written and (null) deleted. */
  take(came: readonly Came[]): [key: string, value: readonly string[] | null][];
  /** Takes in what was written; by segment the quarter in which it came last. */
  restore(entries: readonly (readonly [key: string, value: unknown])[]): Map<string, number>;
}

export const PREFIX = 'place/';
/** Segments: some 10 kB. */
const FULL = 256;

interface Book {
  /** Number of the last chunk, and what is in it. */
  last: number;
  open: readonly string[];
}

export function createPlaceChunks(): PlaceChunks {
  const books = new Map<number, Book>();

  return {
    take(came) {
      const changes = new Map<string, readonly string[] | null>();
      for (const { quarter, segments } of came) {
        const book = bookOf(quarter);
        for (let from = 0; from < segments.length;) {
          if (book.open.length === FULL) Object.assign(book, { last: book.last + 1, open: [] });
          const to = from + FULL - book.open.length;
          book.open = [...book.open, ...segments.slice(from, to)];
          changes.set(keyOf(quarter, book.last), book.open);
          from = to;
        }
      }
      const newest = Math.max(...books.keys());
      for (const [quarter, { last }] of books) {
        if (quarter >= newest - QUARTERS_KEPT) continue;
        for (let chunk = 0; chunk <= last; chunk++) changes.set(keyOf(quarter, chunk), null);
        books.delete(quarter);
      }
      return [...changes];
    },
    restore(entries) {
      const lastCame = new Map<string, number>();
      for (const [key, value] of entries) {
        const [quarter, chunk] = key.slice(PREFIX.length).split('/').map(Number) as [number, number];
        const segments = value as readonly string[];
        const book = bookOf(quarter);
        if (chunk >= book.last) Object.assign(book, { last: chunk, open: segments });
        for (const segment of segments) lastCame.set(segment, Math.max(quarter, lastCame.get(segment) ?? quarter));
      }
      return lastCame;
    },
  };

  function bookOf(quarter: number): Book {
    let book = books.get(quarter);
    if (!book) books.set(quarter, (book = { last: 0, open: [] }));
    return book;
  }
}

function keyOf(quarter: number, chunk: number): string {
  return `${PREFIX}${quarter}/${chunk}`;
}
