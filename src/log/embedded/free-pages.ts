/**
 * What SQLite reads to take free pages of its file and to give others back (its file format): the list of those that are free, and the maps that say of
 * each page whose it is. Both are seldom asked for, page by page, and may have left the page cache by then. Only the file itself has them, no query.
 */
import { readSync } from 'node:fs';

/** So many pages of the list hold what is taken until the file tells of it. */
const LIST_PAGES = 4;
/** At a time; of a larger file the others come next. */
const MAPS_AT_ONCE = 512;
const HEADER_BYTES = 100;
const PAGES_AT = 28;
const FIRST_FREE_AT = 32;
const HAS_MAPS_AT = 52;

/** Gives the numbers of the pages that were read. Throws the system's errors. `fd`: of the file. */
export function createFreePages(fd: number, pageBytes: number): () => number[] {
  const header = Buffer.alloc(HEADER_BYTES);
  const page = Buffer.alloc(pageBytes);
  /** A map says so much of each of the pages behind it. */
  const mapped = Math.floor(pageBytes / 5) + 1;
  let map = 0;

  function read(number: number): void {
    readSync(fd, page, 0, pageBytes, (number - 1) * pageBytes);
  }

  return () => {
    readSync(fd, header, 0, HEADER_BYTES, 0);
    const pages = header.readUInt32BE(PAGES_AT);
    const found: number[] = [];
    let free = header.readUInt32BE(FIRST_FREE_AT);
    // Written by somebody meanwhile, it may lead anywhere.
    while (free > 1 && free <= pages && found.length < LIST_PAGES) {
      read(free);
      found.push(free);
      free = page.readUInt32BE(0);
    }
    if (header.readUInt32BE(HAS_MAPS_AT) === 0) return found;
    const maps = Math.ceil((pages - 1) / mapped);
    for (let count = 0; count < Math.min(maps, MAPS_AT_ONCE); count++) {
      map = (map + 1) % maps;
      found.push(map * mapped + 2);
      read(found.at(-1)!);
    }
    return found;
  };
}
