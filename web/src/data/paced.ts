import type { Clock } from '../clock.ts';

/** `work`, done at once when it is asked for, and then once every so often while it is asked for again. */
export function paced(everyMs: number, { after }: Pick<Clock, 'after'>, work: () => void): () => void {
  let rests = false;
  let isAskedFor = false;
  const ask = (): void => {
    isAskedFor = rests;
    if (rests) return;
    work();
    rests = true;
    after(everyMs, () => {
      rests = false;
      if (isAskedFor) ask();
    });
  };
  return ask;
}
