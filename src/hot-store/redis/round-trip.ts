/** Rows into Redis in one round trip, those of a window in a few calls of the script. */
import type { Connection } from './connection.ts';
import type { KeyNames } from './keys.ts';
import { PUT_SCRIPT, putCall, SCRIPT_ROWS, type PutRow, type ScriptCall } from './put-script.ts';

export interface RoundTripConfig {
  readonly names: KeyNames;
  /** As of `PutWindow`. */
  readonly claims: boolean;
  readonly ttlMs: number;
  readonly windowTtlMs: number;
}

/** What came of it. */
export interface RoundTrip {
  /** Redis was empty. */
  readonly wasEmpty: boolean;
  /** By window and its index: how many series Redis has of it now. */
  readonly counted: readonly { readonly window: string; readonly index: string; readonly series: number }[];
  /** To be put again. */
  readonly unwritten: readonly PutRow[];
  /** Why. */
  readonly failure: PromiseRejectedResult | undefined;
}

export async function putRows(rows: readonly PutRow[], connection: Connection, config: RoundTripConfig): Promise<RoundTrip> {
  const calls = callsOf(rows, config);
  const results = await Promise.allSettled(calls.map(({ call }) => connection.run(PUT_SCRIPT, call)));
  const answers = results.map((result) => (result.status === 'fulfilled' ? (result.value as [empty: number, series: number]) : undefined));
  return {
    wasEmpty: answers.some((answer) => answer?.[0] === 1),
    counted: calls.flatMap(({ window, index }, i) => (answers[i] ? [{ window, index, series: answers[i][1] }] : [])),
    unwritten: calls.flatMap(({ part }, i) => (answers[i] ? [] : part)),
    failure: results.find((result) => result.status === 'rejected'),
  };
}

interface Call {
  readonly window: string;
  readonly index: string;
  readonly part: readonly PutRow[];
  readonly call: ScriptCall;
}

function callsOf(rows: readonly PutRow[], { names, ...config }: RoundTripConfig): Call[] {
  const windows = Map.groupBy(rows, ({ row }) => JSON.stringify([row.pipeline, row.window]));
  return [...windows].flatMap(([window, all]) => {
    const { pipeline, window: name } = all[0]!.row;
    const keys = names.window(pipeline, name);
    const about = { ...config, pipeline, keys, owner: names.owner(pipeline), filled: names.filled(pipeline) };
    const parts = Array.from({ length: Math.ceil(all.length / SCRIPT_ROWS) }, (_, i) => all.slice(i * SCRIPT_ROWS, (i + 1) * SCRIPT_ROWS));
    return parts.map((part) => ({ window, index: keys.index, part, call: putCall(about, part) }));
  });
}
