/** As `Promise.all` of work without results, but nothing is under way any more when it rejects: with what failed first in the order given. */
export async function allOf(work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}
