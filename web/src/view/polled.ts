import { useEffect, useState } from 'preact/hooks';

export type Polled<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: Error };

/** Asks now, again whenever `key` changes, and `everyMs` after each answer; an answer that failed does not hide the one before. */
export function usePolled<T>(ask: (signal: AbortSignal) => Promise<T>, key: string, everyMs: number): [Polled<T>, () => void] {
  const [result, setResult] = useState<Polled<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const aborter = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = (): void => {
      if (!aborter.signal.aborted) timer = setTimeout(run, everyMs);
    };
    const run = (): void => {
      ask(aborter.signal).then(
        (value) => {
          if (!aborter.signal.aborted) setResult({ state: 'ready', value });
          next();
        },
        (error: Error) => {
          if (!aborter.signal.aborted) setResult((held) => (held.state === 'ready' ? held : { state: 'failed', error }));
          next();
        },
      );
    };
    run();
    return () => {
      aborter.abort();
      clearTimeout(timer);
    };
  }, [key, round]);
  return [result, () => setRound(round + 1)];
}
