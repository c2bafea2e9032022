/** Offsets that were offered and are not dealt with: how far all is done, and whether there is room for more. */
export interface OpenOffsets {
  /** Ascending. */
  open(offset: number): void;
  /** The first offset that is not done, where this has moved it. */
  close(offset: number): number | undefined;
  /** Resolves when fewer are open than may be, or with the signal. */
  room(): Promise<void>;
  readonly size: number;
}

export function createOpenOffsets(openMax: number, stop: AbortSignal): OpenOffsets {
  const open = new Set<number>();
  const forRoom = new Set<() => void>();
  let highest = -1;

  function letIn(): void {
    for (const resolve of forRoom) resolve();
    forRoom.clear();
  }
  stop.addEventListener('abort', letIn, { once: true });

  return {
    get size() {
      return open.size;
    },
    open(offset) {
      open.add(offset);
      highest = Math.max(highest, offset);
    },
    close(offset) {
      const [first] = open;
      open.delete(offset);
      letIn();
      // What lies before the first open one is done; where this was the last open one, all up to `highest` is.
      const [next = highest + 1] = open;
      return first === offset ? next : undefined;
    },
    async room() {
      while (open.size >= openMax && !stop.aborted) await new Promise<void>((resolve) => forRoom.add(resolve));
    },
  };
}
