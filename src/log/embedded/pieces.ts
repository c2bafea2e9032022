/**
 * Memory for what is handed to the thread that writes. In pieces: one of many MB is seldom needed again, and of memory that is new the system clears
 * each page as it is first touched (16 MB held the thread that serves for 40 ms).
 */
export type Piece = Uint8Array<ArrayBuffer>;

export const PIECE_BYTES = 1 << 20;

export interface Place {
  readonly piece: number;
  readonly at: number;
}

export interface Cursor {
  /** Where the next body is, or behind it. */
  place(): Place;
  /** The next body, as a view. */
  next(bytes: number): Buffer<ArrayBuffer>;
}

const START: Place = { piece: 0, at: 0 };

/**
 * Goes over the bodies in pieces: they stand one behind the other, and one for which a piece has no room left begins the next. Who puts them there and who
 * takes them out go the same way. `more`: gives a piece that has room for so many bytes, where there is none yet.
 */
export function createCursor(pieces: Piece[], { piece, at } = START, more?: (bytes: number) => Piece): Cursor {
  return {
    place: () => ({ piece, at }),
    next(bytes) {
      if (piece < pieces.length && at + bytes > pieces[piece]!.length) {
        piece++;
        at = 0;
      }
      if (piece === pieces.length && bytes > 0) pieces.push(more!(bytes));
      const body = bytes > 0 ? Buffer.from(pieces[piece]!.buffer, pieces[piece]!.byteOffset + at, bytes) : Buffer.alloc(0);
      at += bytes;
      return body;
    },
  };
}
