/**
 * Connections to the engine, each with one query at a time. A connection on which a query failed is thrown away: what the
 * failed query had written of its answer would stand before the next answer.
 */
export interface ConnectionPool<C> {
  /** @throws TooManyQueries when `waitingMax` wait already; what `work` throws */
  use<T>(work: (connection: C) => Promise<T>): Promise<T>;
}

export class TooManyQueries extends Error {
  override readonly name = 'TooManyQueries';
}

export function createConnectionPool<C extends { close(): void }>(
  limits: { readonly size: number; readonly waitingMax: number },
  open: () => Promise<C>,
): ConnectionPool<C> {
  const idle: C[] = [];
  const waiting: (() => void)[] = [];
  let busy = 0;

  async function turn(): Promise<void> {
    if (busy < limits.size) {
      busy++;
      return;
    }
    if (waiting.length >= limits.waitingMax) throw new TooManyQueries(`${waiting.length} queries are waiting already; try again later`);
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  return {
    use: async (work) => {
      await turn();
      let connection: C | undefined;
      try {
        connection = idle.pop() ?? (await open());
        const result = await work(connection);
        idle.push(connection);
        return result;
      } catch (error) {
        connection?.close();
        throw error;
      } finally {
        const next = waiting.shift();
        if (next) next();
        else busy--;
      }
    },
  };
}
