/** The thread that writes the file, with a connection of its own; started and asked by `writer.ts`. Where the disk keeps it waiting nobody else waits. */
import type { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import { createCheckpoints, type Checkpoints } from './checkpoints.ts';
import { openDatabase, transact } from './database.ts';
import { createRetention, type Retention } from './retention.ts';
import { explainSqliteError } from './sqlite-error.ts';
import { createTopics, type Topics } from './topics.ts';
import { createUnitWriter, type WriteUnits } from './write-units.ts';
import { faultOf, type WriterAnswer, type WriterOrder, type WriterThread, type WriterValue } from './writer-messages.ts';

interface OpenFile {
  readonly db: DatabaseSync;
  readonly topics: Topics;
  readonly writeUnits: WriteUnits;
  readonly retention: Retention;
  readonly checkpoints: Checkpoints;
}

function serve({ path, checkpointBytes, port, answered }: WriterThread): void {
  let file: OpenFile | undefined;
  /** Orders are carried out one after the other, as they came. */
  let last = Promise.resolve();

  const explain = (error: unknown): unknown => explainSqliteError(error, path, 'write');

  function open(): OpenFile {
    const db = openDatabase(path, { readOnly: false });
    return {
      db,
      topics: createTopics(db),
      writeUnits: createUnitWriter(db, explain),
      retention: createRetention(db),
      checkpoints: createCheckpoints(db, path, { bytes: checkpointBytes }),
    };
  }

  async function carryOut(order: WriterOrder): Promise<WriterValue> {
    if (order.do === 'close') {
      await file?.checkpoints.close();
      file?.db.close();
      return undefined;
    }
    const { db, topics, writeUnits, retention, checkpoints } = (file ??= open());
    for (let held = checkpoints.held(); held; held = checkpoints.held()) await held;
    switch (order.do) {
      case 'ensure':
        return transact(db, () => topics.ensure(order.name, order.settings, () => order.newId));
      case 'due':
        return retention.due(topics.all(), order.now);
      case 'retire': {
        const retired = retention.retire(order.topic, order.now);
        checkpoints.written();
        return retired;
      }
      case 'write': {
        const { units, pieces } = order;
        const outcomes = writeUnits(units, pieces);
        checkpoints.written();
        return { outcomes, pieces };
      }
    }
  }

  async function answer(order: WriterOrder): Promise<void> {
    let told: WriterAnswer;
    try {
      told = { value: await carryOut(order) };
    } catch (error) {
      told = { fault: faultOf(explain(error)) };
    }
    port.postMessage(told, order.do === 'write' ? order.pieces.map(({ buffer }) => buffer) : []);
    Atomics.add(answered, 0, 1);
    Atomics.notify(answered, 0);
  }

  port.on('message', (order: WriterOrder) => {
    last = last.then(() => answer(order));
  });
}

// It does not give way to the thread that serves: everybody waits for commits, and they take little.
serve(workerData as WriterThread);
