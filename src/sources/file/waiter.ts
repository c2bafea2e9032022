/** Waits for the next piece of an input, for a stop, or until lines at hand must no longer wait. */
export interface Waiter<T> {
  /** Resolves to what comes first; `flushing`: lines are at hand. After `flush` the same `next` may be waited for again. */
  wait(next: Promise<T>, flushing: boolean): Promise<T | 'stopped' | 'flush'>;
  /** The lines at hand were taken: the time of the flush starts anew with the next ones. */
  taken(): void;
  close(): void;
}

/**
 * No Promise.race: each race leaves a reaction on the promise that lives longest, and with it the piece that won.
 */
export function createWaiter<T>(signal: AbortSignal | undefined, flushAfterMs: number): Waiter<T> {
  let notify: (event: 'stopped' | 'flush') => void = () => {};
  let timer: NodeJS.Timeout | undefined;
  let due = false;
  const onAbort = (): void => notify('stopped');
  const onDue = (): void => {
    due = true;
    notify('flush');
  };
  signal?.addEventListener('abort', onAbort);
  return {
    wait(next, flushing) {
      if (flushing) timer ??= setTimeout(onDue, flushAfterMs);
      return new Promise((resolve, reject) => {
        notify = resolve;
        next.then(resolve, reject);
        if (signal?.aborted) resolve('stopped');
        else if (due) resolve('flush');
      });
    },
    taken() {
      clearTimeout(timer);
      timer = undefined;
      due = false;
    },
    close() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}
