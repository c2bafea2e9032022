/** Work in lanes: what is in one lane is done in order, one at a time; the lanes side by side. */
export interface Lanes {
  /** Resolves to what the work gives, or rejects as it does. */
  run<T>(lane: string, work: () => Promise<T>): Promise<T>;
}

export function createLanes(): Lanes {
  /** The end of the last work in each lane that has some. */
  const ends = new Map<string, Promise<unknown>>();
  return {
    async run(lane, work) {
      const before = ends.get(lane) ?? Promise.resolve();
      const result = before.then(work);
      const end = Promise.allSettled([result]);
      ends.set(lane, end);
      try {
        return await result;
      } finally {
        if (ends.get(lane) === end) ends.delete(lane);
      }
    },
  };
}
