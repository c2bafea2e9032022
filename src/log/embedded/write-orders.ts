/** What the thread that writes is asked for a group of commits, and what is known once they are written. */
import type { Clock } from '../../core/clock.ts';
import { createSpareBuffers } from '../../core/spare-buffers.ts';
import type { CommitUnit, RecordsToAppend } from '../log.ts';
import type { FreshRow } from './fresh-rows.ts';
import type { Written } from './group-commit.ts';
import type { Packing, Row } from './packing.ts';
import type { PartNum, Topics } from './topics.ts';
import { DELETED, errorOf, type AppendToWrite, type UnitToWrite, type WrittenUnit } from './writer-messages.ts';
import type { Writer } from './writer.ts';

export interface WriteOrdersDeps {
  readonly writer: Pick<Writer, 'write'>;
  readonly topics: Pick<Topics, 'part'>;
  readonly pack: Packing;
  readonly clock: Clock;
  /** Turns errors of SQLite into ours. */
  readonly explain: (error: unknown) => unknown;
  /** Told of the rows of each append that wrote any, in their order, and of the bytes that they take. */
  readonly durable: (part: PartNum, rows: readonly FreshRow[], bytes: number) => void;
}

interface PackedAppend {
  readonly to: AppendToWrite;
  readonly rows: readonly Row[];
}

interface PackedUnit {
  readonly unit: UnitToWrite;
  readonly appends: readonly PackedAppend[];
}

/** Of what was handed over and came back, for the next: what comes in at full speed while one transaction is written. */
const SPARE_BYTES = 16 << 20;

export function createWriteOrders({ writer, topics, pack, clock, explain, durable }: WriteOrdersDeps) {
  const spare = createSpareBuffers(SPARE_BYTES);

  function packAppend(records: RecordsToAppend): PackedAppend {
    const { topic, partition, firstLine, appendTime = clock.now() } = records;
    const part = topics.part(topic, partition);
    const rows = pack(records);
    const told = rows.map(({ to, plain: { flags, bodyBytes } }) => ({ to, flags, bytes: bodyBytes }));
    return { to: { part, appendTime, ...(firstLine !== undefined && { firstLine }), rows: told }, rows };
  }

  /** @throws AppError `topic_unknown` */
  function packUnit({ appends = [], offsets = [], state = [] }: CommitUnit, at: number): PackedUnit {
    const packed = appends.map(packAppend);
    return {
      unit: {
        at,
        appends: packed.map(({ to }) => to),
        offsets: offsets.map(({ group, topic, partition, offset }) => ({ group, part: topics.part(topic, partition), offset })),
        state: { keys: state.map(([key]) => key), bytes: Int32Array.from(state, ([, value]) => value?.length ?? DELETED) },
      },
      appends: packed,
    };
  }

  function written(appends: readonly PackedAppend[], { firstOffsets, appendTimes, storedBytes }: WrittenUnit): Written {
    return {
      firstOffsets,
      durable() {
        for (const [i, { to, rows }] of appends.entries()) {
          const fresh = freshRows(to, rows, firstOffsets[i]!, appendTimes[i]!);
          if (fresh.length > 0) durable(to.part, fresh, storedBytes[i]!);
        }
      },
    };
  }

  /** Each unit with its own outcome. @throws what the file refuses, and then nothing is written */
  return async function write(units: readonly CommitUnit[]): Promise<(Written | { readonly error: unknown })[]> {
    const bodies = createBodies();
    const packed = units.map((unit): PackedUnit | { readonly error: unknown } => {
      try {
        const one = packUnit(unit, bodies.bytes());
        for (const { rows } of one.appends) for (const { plain } of rows) bodies.add(plain.body);
        for (const [, value] of unit.state ?? []) if (value) bodies.add(value);
        return one;
      } catch (error) {
        return { error: explain(error) };
      }
    });
    const good = packed.filter((one) => 'unit' in one);
    if (good.length === 0) return packed as { readonly error: unknown }[];
    const data = bodies.into(spare.take(bodies.bytes()));
    const answer = await writer.write(
      good.map(({ unit }) => unit),
      data,
    );
    spare.give(answer.data);
    let next = 0;
    return packed.map((one) => {
      if ('error' in one) return one;
      const outcome = answer.outcomes[next++]!;
      return 'fault' in outcome ? { error: errorOf(outcome.fault) } : written(one.appends, outcome.written);
    });
  };
}

/** Pieces that are put together once all are known. */
function createBodies() {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  return {
    bytes: () => bytes,
    add(piece: Uint8Array) {
      pieces.push(piece);
      bytes += piece.length;
    },
    into(room: Uint8Array<ArrayBuffer>) {
      let at = 0;
      for (const piece of pieces) {
        room.set(piece, at);
        at += piece.length;
      }
      return room;
    },
  };
}

function freshRows({ part, firstLine }: AppendToWrite, rows: readonly Row[], first: number, appendTime: number): FreshRow[] {
  let from = 0;
  return rows.map(({ to, plain }) => {
    const line = firstLine === undefined ? null : firstLine + from;
    const fresh = { part, firstOffset: first + from, endOffset: first + to, appendTime, firstLine: line, plain };
    from = to;
    return fresh;
  });
}
