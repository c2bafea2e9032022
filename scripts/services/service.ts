/** What a test or a benchmark holds in its hands of a service that was started for it. */
export interface Service {
  /** `host:port`; of ClickHouse a URL with user and password. Stays the same over `kill` and `restart`. */
  readonly address: string;
  /** Of the process that runs now; undefined in a container and while it is down. */
  pid(): number | undefined;
  /** As a crash: SIGKILL. Its data stay. */
  kill(): Promise<void>;
  /** Up again on the same port with the same data, after `kill` or as it runs (then it may end in good order first). */
  restart(): Promise<void>;
  /** Gone for good, with its data where the folder was not the caller's. */
  stop(): Promise<void>;
}

export type ServiceName = 'kafka' | 'redis' | 'clickhouse';

/** Why a service cannot be had here: an ordinary answer on a machine that lacks its parts. */
export class ServiceMissing extends Error {}

/** Waits until `ready` says yes. `gone` rejects when there is nothing left to wait for. */
export async function untilReady(name: string, ready: () => Promise<boolean>, gone: Promise<never>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await Promise.race([ready(), gone]))) {
    if (performance.now() > deadline) throw new Error(`${name} did not become ready within ${timeoutMs / 1_000} s`);
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 25)), gone]);
  }
}
