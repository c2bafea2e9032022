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
    const run = async (): Promise<void> => {
      const answer = await ask(aborter.signal).then(
        (value): Polled<T> => ({ state: 'ready', value }),
        (error: Error): Polled<T> => ({ state: 'failed', error }),
      );
      if (aborter.signal.aborted) return;
      setResult((held) => (answer.state === 'failed' && held.state === 'ready' ? held : answer));
      timer = setTimeout(() => void run(), everyMs);
    };
    void run();
    return () => {
      aborter.abort();
      clearTimeout(timer);
    };
  }, [key, round]);
  return [result, () => setRound(round + 1)];
}
