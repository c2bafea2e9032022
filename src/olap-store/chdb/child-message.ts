/** What parent and child say to each other: one line of JSON each way, at the start. */
import type { Accounts } from './access.ts';

/** Parent to child, on standard input, which then stays open: the child ends when it closes. */
export interface ChildOrder {
  /** Folder of the engine: its data, configuration and lock. */
  readonly dir: string;
  readonly accounts: Accounts;
  /** Tried first, so that whoever was connected before a restart finds it again; 0: any. */
  readonly port: number;
}

/** Child to parent, on standard output. */
export type ChildReport =
  | { readonly kind: 'ready'; readonly port: number }
  /** `chdb` is not there or does not load; `locked`: another engine works on the folder; `failed`: anything else. */
  | { readonly kind: 'missing' | 'locked' | 'failed'; readonly message: string };
