import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeadLetter } from '../../dead-letter/dead-letter.ts';
import type { WriteUnit } from './frame.ts';
import { topicsOf } from '../../pipeline/topics.ts';
import type { PipelineRecord } from '../../pipeline/pipeline-record.ts';
import { checkVersion, sendAgain, toSendAgain, type SentAgain } from './send-again.ts';

const pipeline: PipelineRecord = {
  name: 'shop',
  file: 'shop.yml',
  sources: [
    { name: 'orders', topic: 'orders', partitions: 1, outOfOrdernessMs: 0, versions: { field: 'version', names: ['v1', 'v2'] } },
    { name: 'clicks', topic: 'clicks', partitions: 1, outOfOrdernessMs: 0 },
  ],
  dimensions: [],
  measures: [],
  windows: [],
  rollups: [],
  topics: topicsOf('shop'),
  olapStore: 'none',
  clock: 'append',
};
const letter: DeadLetter = {
  topic: 'orders',
  partition: 0,
  offset: 7,
  revision: 1,
  outcome: 'invalid',
  reason: 'schema_version',
  payload: '{"version":"v3","n":1}',
};

function sent(of: Partial<DeadLetter>, schema?: string): string {
  const made = toSendAgain({ ...letter, ...of }, pipeline, { schema });
  return typeof made === 'string' ? made : made.bytes.toString();
}

test('a record is sent as it was, or with the version that it is to be judged by', () => {
  assert.equal(sent({}), '{"version":"v3","n":1}');
  assert.equal(sent({}, 'v2'), '{"version":"v2","n":1}');
  assert.equal(sent({ topic: 'clicks' }), '{"version":"v3","n":1}');
  const { payload: _payload, ...base64 } = { ...letter, payload_base64: Buffer.of(0xff).toString('base64') };
  const made = toSendAgain(base64, pipeline);
  assert.ok(typeof made !== 'string');
  assert.deepEqual([...made.bytes], [0xff]);
});

test('what cannot be sent in, or cannot be of that version, says why', () => {
  assert.match(sent({ truncated_from_bytes: 9_000 }), /only the beginning of its 9000 bytes/);
  assert.match(sent({ payload: '[1]' }, 'v2'), /no JSON object/);
  assert.match(sent({ topic: 'clicks' }, 'v2'), /topic clicks has no version v2 of its schema, but none at all/);
  assert.match(sent({}, 'v3'), /topic orders has no version v3 of its schema, but v1, v2/);
});

test('a version that no source has is refused before anything is sent', () => {
  checkVersion(pipeline, 'v1');
  assert.throws(() => checkVersion(pipeline, 'v3'), { code: 'usage', message: /"v3"; expected a version .*: v1, v2\. After a change/ });
  const none = { ...pipeline, sources: pipeline.sources.slice(1) };
  assert.throws(() => checkVersion(none, 'v1'), { code: 'usage', message: /expected no --schema, as no source of pipeline shop/ });
});

test('a late one whose windows began in an older revision is not sent in, as none can be added to; what has no time is for the pipeline to judge', () => {
  const hopping = { ...pipeline, windows: [{ name: '10m/5m', sizeMs: 600_000, slideMs: 300_000 }] };
  const late: DeadLetter = { ...letter, outcome: 'late', reason: 'late', event_time: '2026-11-22T10:07:00.000Z' };
  const completeFrom = Date.parse('2026-11-22T10:00:00.000Z');
  assert.equal(typeof toSendAgain(late, hopping, { completeFrom }), 'object', 'its first window begins right there');
  const why = toSendAgain({ ...late, event_time: '2026-11-22T10:04:59.999Z' }, hopping, { completeFrom });
  assert.match(
    String(why),
    /pipeline shop counts under a newer revision.*before 2026-11-22T10:00:00\.000Z \(`older_revision`\).*tocsin replay FILE/,
  );
  assert.equal(typeof toSendAgain(letter, hopping, { completeFrom }), 'object');
});

test('one commit holds 4 MiB, or one record that is larger: what came before it does not make its request too large', async () => {
  const MB = 1 << 20;
  const commits: number[][] = [];
  const writer = {
    async commit({ appends = [] }: WriteUnit) {
      commits.push(appends.flatMap(({ ends }) => [...ends].map((end, i) => (end - (ends[i - 1] ?? 0)) / MB)));
      return [];
    },
    ensureTopic: async () => {},
    close: async () => {},
  };
  async function* letters(): AsyncGenerator<SentAgain> {
    for (const size of [1, 2, 9, 1, 2, 2]) yield { letter, bytes: Buffer.alloc(size * MB) };
  }
  assert.equal(await sendAgain(letters(), pipeline, writer), 6);
  assert.deepEqual(commits, [[1, 2], [9], [1, 2], [2]]);
});
