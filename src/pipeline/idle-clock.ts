/**
 * How far event time would be by the clock while every partition is silent: then no watermark moves, no window closes, and whoever is to
 * say that nothing comes would never be asked. Only time that this process itself has watched counts: after a restart it begins anew.
 */
export interface IdleClock {
  /** Something was accepted, or may have been. */
  heard(): void;
  /**
   * Windows that end up to here are over by the clock, epoch ms; undefined while something comes. `frontier`: where the watermarks
   * stand. `isSilent`: every partition is idle, and nothing waits to be read.
   */
  until(isSilent: boolean, frontier: number): number | undefined;
}

/** `elapsed`: monotonic, ms; undefined: there is no clock to go by. */
export function createIdleClock(elapsed: (() => number) | undefined): IdleClock {
  let since = elapsed?.() ?? 0;

  return {
    heard() {
      since = elapsed?.() ?? 0;
    },
    until(isSilent, frontier) {
      if (!elapsed || !isSilent || !Number.isFinite(frontier)) return undefined;
      return frontier + elapsed() - since;
    },
  };
}
