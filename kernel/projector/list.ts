/** Numbers and addresses in the order in which they were added. */
import { allocate, release } from './memory.ts';

@unmanaged
export class List {
  at: usize;
  count: u32;
  capacity: u32;
}

export function createList(): List {
  return changetype<List>(allocate(offsetof<List>()));
}

export function push(list: List, value: usize): void {
  if (list.count === list.capacity) {
    const wider = allocate((list.capacity * 2 + 4) << 2);
    memory.copy(wider, list.at, list.count << 2);
    release(list.at, list.capacity << 2);
    list.at = wider;
    list.capacity = list.capacity * 2 + 4;
  }
  store<u32>(list.at + ((list.count++ as usize) << 2), value as u32);
}

export function item(list: List, index: u32): u32 {
  return load<u32>(list.at + ((index as usize) << 2));
}
