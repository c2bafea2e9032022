/** Rows in pieces that came back from the thread that writes: they are read where they are, and a piece is another's when nobody looks at one of its rows any more. */
import type { SpareBuffers } from '../../core/spare-buffers.ts';
import type { PlainRow } from './fresh-rows.ts';
import type { Row } from './packing.ts';
import { createCursor, type Piece } from './pieces.ts';

/** A row that is kept is copied where it has fewer bytes, or is a smaller part of its piece: it would hold all of that. */
const WHERE_IT_IS_BYTES = 64 << 10;
const WHERE_IT_IS_PART = 1 / 4;

const NOTHING = (): void => {};

/** Goes over the bodies in the order in which they were put there. */
export interface Returned {
  /** The next body is that of a row. */
  row(row: Pick<Row, 'flags' | 'bytes'>): PlainRow;
  /** The next body is none, and has so many bytes. */
  pass(bytes: number): void;
  /** There are no further rows. */
  end(): void;
}

/** `spare`: where a piece goes of which no row is looked at. */
export function createReturned(pieces: Piece[], spare: Pick<SpareBuffers, 'give'>): Returned {
  const bodies = createCursor(pieces);
  /** Rows that are looked at, by piece, and one until all of them are known. */
  const uses = pieces.map(() => 1);
  // Each row knows of this list, which is to hold no piece that is another's.
  const held: (Piece | undefined)[] = [...pieces];

  function letGo(piece: number): void {
    if (--uses[piece]! > 0) return;
    spare.give(held[piece]!);
    held[piece] = undefined;
  }

  return {
    row({ flags, bytes }) {
      const body = bodies.next(bytes);
      const { piece } = bodies.place();
      uses[piece]!++;
      return plainRow(flags, body, () => letGo(piece));
    },
    pass(bytes) {
      bodies.next(bytes);
    },
    end: () => pieces.forEach((_, piece) => letGo(piece)),
  };
}

function plainRow(flags: number, body: Buffer, letGo: () => void): PlainRow {
  const plain: PlainRow = {
    flags,
    bodyBytes: body.length,
    body,
    letGo,
    kept() {
      if (body.length >= Math.max(WHERE_IT_IS_BYTES, WHERE_IT_IS_PART * body.buffer.byteLength)) return plain;
      const copy = plainRow(flags, Buffer.from(body), NOTHING);
      letGo();
      return copy;
    },
  };
  return plain;
}
