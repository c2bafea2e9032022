/** Work in lanes: what is in one lane is done in order, one at a time; the lanes side by side. */
export interface Lanes {
  /**
   * Resolves to what the work gives, or rejects as it does. `of`: whose work it is; while some of it is in a lane, the rest goes into the same
   * one, whatever `lane` says.
   */
  run<T>(lane: string, of: string, work: () => Promise<T>): Promise<T>;
}

interface Place {
  readonly lane: string;
  /** How many works of one are there. */
  works: number;
}

export function createLanes(): Lanes {
  /** The end of the last work in each lane that has some. */
  const ends = new Map<string, Promise<unknown>>();
  /** By whose work it is. */
  const places = new Map<string, Place>();

  async function inLane<T>(lane: string, work: () => Promise<T>): Promise<T> {
    const before = ends.get(lane) ?? Promise.resolve();
    const result = before.then(work);
    const end = Promise.allSettled([result]);
    ends.set(lane, end);
    try {
      return await result;
    } finally {
      if (ends.get(lane) === end) ends.delete(lane);
    }
  }

  return {
    async run(lane, of, work) {
      const place = places.get(of) ?? { lane, works: 0 };
      places.set(of, place);
      place.works += 1;
      try {
        return await inLane(place.lane, work);
      } finally {
        place.works -= 1;
        if (place.works === 0) places.delete(of);
      }
    },
  };
}
