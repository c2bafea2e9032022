import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { loadPipeline } from '../../config/load-pipeline.ts';
import { checkHotStoreAddress, servedHistory } from './open-hot-store.ts';

const HOUR_MS = 3_600_000;
const pipeline = (name: string) => loadPipeline(path.resolve(import.meta.dirname, '../../../pipelines', name));

test('served segments are kept for 26 h in the window that is served, and by the minute', () => {
  const groupings = [['country', 'ad_format']];
  assert.deepEqual(servedHistory(pipeline('adtech.yml')), [
    { pipeline: 'adtech', window: '1m', groupings, keepMs: 26 * HOUR_MS },
    { pipeline: 'adtech', window: '5m', groupings, keepMs: 26 * HOUR_MS },
  ]);
  const loaded = pipeline('adtech.yml');
  const windows = loaded.engine.windows.filter(({ name }) => name === '5m');
  const fives = servedHistory({ ...loaded, engine: { ...loaded.engine, windows } });
  assert.deepEqual(
    fives.map(({ window }) => window),
    ['5m'],
    'a pipeline without windows of a minute',
  );
  assert.deepEqual(servedHistory(pipeline('access-log.yml')), [], 'nothing is served');
});

test('of windows that follow each other within seconds fewer hours are kept', () => {
  const loaded = pipeline('adtech.yml');
  const quick = { name: '10s', sizeMs: 10_000, slideMs: 10_000 };
  const [kept] = servedHistory({
    ...loaded,
    engine: { ...loaded.engine, windows: [quick] },
    serve: loaded.serve.map((serve) => ({ ...serve, window: '10s' })),
  });
  assert.equal(kept!.keepMs, 2_000 * 10_000);
});

test('an address that is none is refused', () => {
  for (const right of [undefined, 'memory', 'redis://h:1/0']) checkHotStoreAddress(right);
  assert.throws(() => checkHotStoreAddress('http://me:secret@h'), { code: 'usage', message: /--hot-store http:\/\/…@h: expected memory/ });
  assert.throws(() => checkHotStoreAddress('redis://h/x'), { code: 'usage', message: /\/x is not a database of Redis/ });
});
