import { describe } from 'node:test';
import { testLog } from '../../../test/contract/log.ts';
import { connectTo, freshName, withOwnNames } from '../../../test/support/kafka-log.ts';
import { service } from '../../../test/support/services.ts';

const kafka = service('kafka');

describe('kafka', { skip: kafka.skip }, () => {
  testLog(
    'kafka',
    async (clock) => {
      const prefix = freshName();
      // Outside of the prefix: what the log keeps for itself is none of its topics.
      const ledger = { topic: `${freshName()}.ledger`, partition: 0 };
      const connection = await connectTo(kafka.address, clock);
      let log = await connection.log(ledger);
      return {
        log: withOwnNames(log, prefix),
        async reopen() {
          await log.close();
          log = await connection.log(ledger);
          return withOwnNames(log, prefix);
        },
        dispose: () => connection.close(),
      };
    },
    { transactional: false },
  );
});
