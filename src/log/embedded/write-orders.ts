/** What the thread that writes is asked for a group of commits, and what is known once they are written. */
import type { Clock } from '../../core/clock.ts';
import { createSpareBuffers } from '../../core/spare-buffers.ts';
import type { CommitUnit, RecordsToAppend } from '../log.ts';
import type { FreshRow, PlainRow } from './fresh-rows.ts';
import type { Written } from './group-commit.ts';
import { rowsOf, type Row } from './packing.ts';
import { createCursor, PIECE_BYTES, type Piece } from './pieces.ts';
import { createReturned } from './returned-rows.ts';
import type { PartNum, Topics } from './topics.ts';
import { DELETED, errorOf, type AppendToWrite, type UnitToWrite, type WrittenUnit } from './writer-messages.ts';
import type { Writer } from './writer.ts';

export interface WriteOrdersDeps {
  readonly writer: Pick<Writer, 'write'>;
  readonly topics: Pick<Topics, 'part'>;
  /** As `cutRows`. */
  readonly rowBytes: number;
  readonly clock: Clock;
  /** Turns errors of SQLite into ours. */
  readonly explain: (error: unknown) => unknown;
  /** Told of the rows of each append that wrote any, in their order, and of the bytes that they take. */
  readonly durable: (part: PartNum, rows: readonly FreshRow[], bytes: number) => void;
}

interface Append {
  readonly to: AppendToWrite;
  readonly rows: readonly Row[];
}

/** A commit on its way. */
interface Unit {
  readonly to: Omit<UnitToWrite, 'at'>;
  readonly appends: readonly Append[];
  readonly values: readonly Uint8Array[];
}

/** Of pieces that came back and that nobody looks at any more: what comes in at full speed while one transaction is written. */
const SPARE_BYTES = 16 << 20;

export function createWriteOrders({ writer, topics, rowBytes, clock, explain, durable }: WriteOrdersDeps) {
  const spare = createSpareBuffers(SPARE_BYTES);

  function appendOf(records: RecordsToAppend): Append {
    const { topic, partition, firstLine, appendTime = clock.now() } = records;
    const part = topics.part(topic, partition);
    const rows = rowsOf(records, rowBytes);
    const told = rows.map(({ to, flags, bytes }) => ({ to, flags, bytes }));
    return { to: { part, appendTime, ...(firstLine !== undefined && { firstLine }), rows: told }, rows };
  }

  /** @throws AppError `topic_unknown` */
  function unitOf({ appends: given = [], offsets = [], state = [] }: CommitUnit): Unit {
    const appends = given.map(appendOf);
    return {
      to: {
        appends: appends.map(({ to }) => to),
        offsets: offsets.map(({ group, topic, partition, offset }) => ({ group, part: topics.part(topic, partition), offset })),
        state: { keys: state.map(([key]) => key), bytes: Int32Array.from(state, ([, value]) => value?.length ?? DELETED) },
      },
      appends,
      values: state.flatMap(([, value]) => value ?? []),
    };
  }

  /** All bodies into pieces, each copied once. */
  function put(units: readonly Unit[]): { readonly orders: UnitToWrite[]; readonly pieces: Piece[] } {
    let left = 0;
    for (const { appends, values } of units) {
      for (const { rows } of appends) for (const { bytes } of rows) left += bytes;
      for (const { length } of values) left += length;
    }
    const pieces: Piece[] = [];
    const cursor = createCursor(pieces, undefined, (bytes) => {
      const piece = spare.take(Math.max(bytes, Math.min(left, PIECE_BYTES)));
      left -= piece.length;
      return piece;
    });
    const orders = units.map(({ to, appends, values }) => {
      const at = cursor.place();
      for (const { rows } of appends) for (const row of rows) row.put(cursor.next(row.bytes));
      for (const value of values) cursor.next(value.length).set(value);
      return { ...to, at };
    });
    return { orders, pieces };
  }

  function written(appends: readonly Append[], plain: readonly PlainRow[][], unit: WrittenUnit): Written {
    const { firstOffsets, appendTimes, storedBytes } = unit;
    return {
      firstOffsets,
      durable() {
        for (const [i, { to }] of appends.entries()) {
          const fresh = freshRows(to, plain[i]!, firstOffsets[i]!, appendTimes[i]!);
          if (fresh.length > 0) durable(to.part, fresh, storedBytes[i]!);
        }
      },
    };
  }

  /** Each unit with its own outcome. @throws what the file refuses, and then nothing is written */
  return async function write(given: readonly CommitUnit[]): Promise<(Written | { readonly error: unknown })[]> {
    const units = given.map((unit): Unit | { readonly error: unknown } => {
      try {
        return unitOf(unit);
      } catch (error) {
        return { error: explain(error) };
      }
    });
    const good = units.filter((one) => 'to' in one);
    if (good.length === 0) return units as { readonly error: unknown }[];
    const { orders, pieces } = put(good);
    const answer = await writer.write(orders, pieces);
    const back = createReturned(answer.pieces, spare);
    let next = 0;
    const outcomes = units.map((one) => {
      if ('error' in one) return one;
      const plain = one.appends.map(({ rows }) => rows.map(back.row));
      for (const bytes of one.to.state.bytes) if (bytes !== DELETED) back.pass(bytes);
      const outcome = answer.outcomes[next++]!;
      if ('written' in outcome) return written(one.appends, plain, outcome.written);
      for (const row of plain.flat()) row.letGo();
      return { error: errorOf(outcome.fault) };
    });
    back.end();
    return outcomes;
  };
}

function freshRows({ part, firstLine, rows }: AppendToWrite, plain: readonly PlainRow[], first: number, appendTime: number): FreshRow[] {
  let from = 0;
  return rows.map(({ to }, i) => {
    const line = firstLine === undefined ? null : firstLine + from;
    const fresh = { part, firstOffset: first + from, endOffset: first + to, appendTime, firstLine: line, plain: plain[i]! };
    from = to;
    return fresh;
  });
}
