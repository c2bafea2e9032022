/** Memory is only ever taken: what grows doubles, so that what is left behind is never more than what is in use. */
let top: usize = (__heap_base + 31) & ~31;

const PAGE: usize = 0x10000;

/** So many bytes, all 0, at an address that divides by 32. */
export function allocate(size: usize): usize {
  const at = top;
  const next = (top + size + 31) & ~31;
  // Beyond 4 GiB addresses begin again at 0.
  if (next < top || next > <usize>0xffff0000) unreachable();
  const pages = ((next + PAGE - 1) / PAGE) as i32;
  if (pages > memory.size() && memory.grow(pages - memory.size()) < 0) unreachable();
  top = next;
  return at;
}
