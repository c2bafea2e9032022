/** One step of each: those that work elsewhere do it at the same time, the others take turns meanwhile. */
export interface Stepping {
  readonly isElsewhere: boolean;
  /** Resolves to the records read. */
  step(): Promise<number>;
}

/** Resolves to the records read, when no step is under way any more: also where one has failed. Then it rejects with the first failure. */
export async function stepAll(all: readonly Stepping[]): Promise<number> {
  const elsewhere = Promise.allSettled(all.filter((one) => one.isElsewhere).map((one) => one.step()));
  let read = 0;
  try {
    for (const one of all) if (!one.isElsewhere) read += await one.step();
  } finally {
    await elsewhere;
  }
  for (const result of await elsewhere) {
    if (result.status === 'rejected') throw result.reason;
    read += result.value;
  }
  return read;
}
