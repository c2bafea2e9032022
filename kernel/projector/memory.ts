/** Memory is taken in pieces, and what something that has grown leaves behind is given back: it serves others, or is joined with its neighbours. */
let top: usize = (__heap_base + 31) & ~31;
/** The first piece that is free; 0: there is none. By address, none of them next to another. */
let free: usize = 0;

const PAGE: usize = 0x10000;

/** Stands in a free piece. */
@unmanaged
class Free {
  next: usize;
  size: usize;
}

function whole(size: usize): usize {
  return (size + 31) & ~31;
}

/** So many bytes, all 0, at an address that divides by 32. */
export function allocate(size: usize): usize {
  const bytes = whole(size);
  const used = takeFree(bytes);
  if (used !== 0) {
    memory.fill(used, 0, bytes);
    return used;
  }
  const at = top;
  const next = at + bytes;
  // Beyond 4 GiB addresses begin again at 0.
  if (next < at || next > <usize>0xffff0000) unreachable();
  const pages = ((next + PAGE - 1) / PAGE) as i32;
  if (pages > memory.size() && memory.grow(pages - memory.size()) < 0) unreachable();
  top = next;
  return at;
}

/** The smallest free piece that is large enough; what is left of it stays free. 0: there is none. */
function takeFree(bytes: usize): usize {
  let best: usize = 0;
  let beforeBest: usize = 0;
  for (let before: usize = 0, at = free; at !== 0; before = at, at = changetype<Free>(at).next) {
    const size = changetype<Free>(at).size;
    if (size < bytes || (best !== 0 && size >= changetype<Free>(best).size)) continue;
    best = at;
    beforeBest = before;
  }
  if (best === 0) return 0;
  let next = changetype<Free>(best).next;
  const left = changetype<Free>(best).size - bytes;
  if (left > 0) {
    const rest = changetype<Free>(best + bytes);
    rest.next = next;
    rest.size = left;
    next = best + bytes;
  }
  link(beforeBest, next);
  return best;
}

function link(before: usize, next: usize): void {
  if (before === 0) free = next;
  else changetype<Free>(before).next = next;
}

/** Gives back what `allocate` gave for this size. Nobody may look at it any more. */
export function release(at: usize, size: usize): void {
  if (size === 0) return;
  let bytes = whole(size);
  let before: usize = 0;
  let next = free;
  while (next !== 0 && next < at) {
    before = next;
    next = changetype<Free>(next).next;
  }
  if (next === at + bytes) {
    bytes += changetype<Free>(next).size;
    next = changetype<Free>(next).next;
  }
  if (before !== 0 && before + changetype<Free>(before).size === at) {
    changetype<Free>(before).size += bytes;
    changetype<Free>(before).next = next;
    return;
  }
  const piece = changetype<Free>(at);
  piece.next = next;
  piece.size = bytes;
  link(before, at);
}
