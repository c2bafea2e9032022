/** What the thread of `old-values.ts` is asked to read: values of the state, or rows and what lies beside them. It answers with their bytes. */
export type ToRead = { readonly keys: readonly string[] } | { readonly rows: readonly number[] };

/** What the thread is started with. */
export interface OldValuesThread {
  /** Of SQLite's file, and a descriptor of it that stays open. */
  readonly path: string;
  readonly fd: number;
}
