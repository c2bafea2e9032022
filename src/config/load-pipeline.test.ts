import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fc } from '../../test/support/fast-check.ts';
import { AppError } from '../core/errors.ts';
import { definePipeline, loadPipeline } from './load-pipeline.ts';
import type { PipelineFile } from './pipeline-schema.ts';

const shipped = (name: string): string => fileURLToPath(new URL(`../../pipelines/${name}.yml`, import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'tocsin-config-'));
after(() => rmSync(temporary, { recursive: true }));

test('adtech: times, windows and limits of system A, written out', () => {
  const pipeline = loadPipeline(shipped('adtech'));
  const { engine } = pipeline;
  assert.deepEqual(engine.sources[0]?.event, {
    id: 'event_id',
    time: 'event_time',
    timeUnit: 'iso',
    outOfOrdernessMs: 5_000,
    allowedLatenessMs: 60_000,
    dedupMs: 600_000,
    maxAheadMs: 300_000,
  });
  assert.equal(engine.sources[0]?.topic, 'ad-events');
  assert.equal(engine.sources[0]?.name, 'events');
  assert.deepEqual(engine.windows, [
    { name: '1m', sizeMs: 60_000, slideMs: 60_000 },
    { name: '5m', sizeMs: 300_000, slideMs: 300_000 },
  ]);
  assert.deepEqual(engine.rollups, [['country'], ['ad_format'], []]);
  assert.deepEqual(engine.limits, { maxSeries: 100_000, maxRecordBytes: 1_048_576, retireAfterMs: 3_600_000, idleAfterMs: 30_000 });
  assert.deepEqual(engine.measures[1], {
    name: 'clicks',
    kind: 'count',
    source: 'events',
    where: [{ field: 'event_type', anyOf: ['click'] }],
  });
  assert.deepEqual(engine.measures.at(-1), {
    name: 'ecpm',
    unit: 'USD',
    currency: 'USD',
    kind: 'ratio',
    numerator: 'revenue',
    denominator: 'impressions',
    scale: 1000,
  });
  assert.deepEqual(
    pipeline.monitor.detect.map(({ measure, window, config }) => [
      measure,
      window,
      (config as { down?: number }).down,
      (config as { up?: number }).up,
    ]),
    [
      ['impressions', '1m', undefined, 2],
      ['ctr', '1m', 0.5, 1],
      ['ecpm', '1m', 0.5, undefined],
    ],
  );
  assert.equal(pipeline.topics.alerts, 'alerts');
  assert.deepEqual(pipeline.serve, [{ path: '/metrics/{country}/{ad_format}', window: '5m', dimensions: ['country', 'ad_format'] }]);
  assert.equal(pipeline.notifyWithinMs, 900_000);
  assert.deepEqual(pipeline.receivers, [{ name: 'console', kind: 'console', config: { colour: 'auto' } }]);
});

test('access-log: no ids, so no dedup; of the whole site server errors by the minute, all errors by the hour', () => {
  const { engine, monitor } = loadPipeline(shipped('access-log'));
  assert.equal(engine.sources[0]?.event.dedupMs, 0);
  assert.equal(engine.sources[0]?.event.id, undefined);
  assert.deepEqual(
    monitor.detect.map(({ detector, measure, window, over }) => [detector, measure, window, over]),
    [
      ['threshold', 'error_ratio', '1h', 'rollups'],
      ['threshold', 'server_error_ratio', '1m', 'rollups'],
    ],
  );
});

test('demo: brings its own events', () => {
  assert.deepEqual(
    loadPipeline(shipped('demo')).inputs.map(({ source, topic, kind }) => [source, topic, kind]),
    [['events', 'demo-events', 'generator']],
  );
});

const base = (): PipelineFile => ({
  pipeline: 'shop',
  source: { topic: 'orders', where: { test: [false, null] } },
  event: { id: 'id', time: 'at' },
  dimensions: ['country', 'channel'],
  measures: {
    paid: { count: { status: ['paid', 'shipped'] }, where: { test: false } },
    visits: { count: 'events' },
    share: { ratio: ['paid', 'visits'] },
    p99: { quantile: 'ms', q: 0.99, unit: 'ms' },
  },
  windows: ['1m', { size: '5m', slide: '1m' }],
  rollups: [['channel'], []],
  detect: { share: { down: '50%' } },
});

test('utc_offset moves windows that it does not divide, reads times without a zone, and tells times where no other zone does', () => {
  const windows: PipelineFile['windows'] = ['1m', '1d', { size: '1d', slide: '1h' }];
  const of = (utc_offset: string) => definePipeline({ ...base(), windows, utc_offset });
  const [kst, newfoundland] = [of('+09:00'), of('-03:30')];
  assert.deepEqual(
    [kst, newfoundland].map(({ engine }) => engine.windows.map(({ offsetMs }) => (offsetMs ?? 0) / 60_000)),
    [
      [0, 15 * 60, 0],
      [0, 3 * 60 + 30, 30],
    ],
  );
  assert.deepEqual([kst.engine.sources[0]!.event.zoneMs, kst.timeZone], [9 * 3_600_000, '+09:00']);
  // What it does not change has the results of before.
  assert.equal(of('+00:00').hashes.windows === definePipeline({ ...base(), windows }).hashes.windows, false);
  assert.equal('offsetMs' in of('+00:00').engine.windows[1]!, false);
});

test('a version that asks for a zone takes utc_offset from none of the others, and needs no new revision', () => {
  for (const [name, at] of Object.entries({ any: { type: 'string' }, zoned: { type: 'string', format: 'date-time' } })) {
    writeFileSync(join(temporary, `${name}.json`), JSON.stringify({ type: 'object', properties: { id: {}, at } }));
  }
  const of = (...files: string[]) => {
    const schemas = Object.fromEntries(files.map((name, i) => [`v${i + 1}`, `${name}.json`]));
    const source = { topic: 'orders', schemas };
    const measures = { visits: { count: 'events' } } as const;
    const block = { ...base(), source, measures, dimensions: [], rollups: [], detect: {}, utc_offset: '+09:00' };
    const { engine, hashes } = definePipeline(block, { folder: temporary });
    return { zoneMs: engine.sources[0]!.event.zoneMs, hash: hashes.windows };
  };
  assert.equal(of('any').zoneMs, 9 * 3_600_000);
  assert.deepEqual(of('any', 'zoned'), of('any'));
  assert.equal(of('zoned').zoneMs, undefined, 'no event has a time without a zone');
  assert.deepEqual(of('zoned', 'any'), { zoneMs: 9 * 3_600_000, hash: of('zoned').hash });
  assert.notEqual(of('zoned').hash, of('any').hash);
});

test('a start is a time as everywhere: to the minute or finer, with a zone', () => {
  const shop = {
    pipeline: 'shop',
    source: { topic: 'orders' },
    event: { time: 'at' },
    measures: { n: { count: 'events' } },
    windows: ['1m'],
  };
  const startOf = (start: string) => definePipeline({ ...shop, start }).start;
  for (const text of ['2026-03-02T09:00Z', '2026-03-02T09:00:00.000Z', '2026-03-02T18:00:00+09:00'])
    assert.equal(startOf(text), Date.UTC(2026, 2, 2, 9), text);
  assert.equal(startOf('latest'), 'latest');
  for (const text of ['2026-02-30T00:00:00Z', '2026-03-02', '2026-03-02T09:00:00'])
    assert.throws(
      () => startOf(text),
      { code: 'config_invalid', message: /at start: found .*; expected earliest, latest, or a time/ },
      text,
    );
});

test('a runbook stands for either direction or both, as a browser writes it', () => {
  const runbookOf = (runbook: PipelineFile['detect']): unknown => {
    const { monitor } = definePipeline({ ...base(), detect: { share: { down: '50%', up: '100%', runbook } } });
    const { down, up } = monitor.detect[0]!.naming ?? {};
    return [down?.runbook, up?.runbook];
  };
  const both = 'https://wiki.example/%EA%B8%89%EB%9D%BD';
  assert.deepEqual(runbookOf('https://wiki.example/급락' as never), [both, both]);
  assert.deepEqual(runbookOf({ down: 'https://wiki.example/급락' }), [both, undefined]);
  for (const wrong of ['ftp://h/x', 'javascript:alert(1)', 'https://me:word@h/', `https://h/${'x'.repeat(1_000)}`, 7])
    assert.throws(() => runbookOf(wrong as never), /detect\.share\.runbook: found .*; expected an address such as https:/);
});

test('a pipeline from TypeScript: short forms written out, roll-ups in the order of the dimensions', () => {
  const { engine, hashes } = definePipeline({ ...base(), dimensions: ['a', 'b', 'c'], rollups: [['c', 'a']] });
  assert.deepEqual(engine.rollups, [['a', 'c']]);
  assert.deepEqual(engine.sources[0]?.where, [{ field: 'test', anyOf: [false, null] }]);
  assert.deepEqual(engine.measures[0], {
    name: 'paid',
    kind: 'count',
    source: 'events',
    where: [
      { field: 'status', anyOf: ['paid', 'shipped'] },
      { field: 'test', anyOf: [false] },
    ],
  });
  assert.deepEqual(engine.windows[1], { name: '5m/1m', sizeMs: 300_000, slideMs: 60_000 });
  assert.match(hashes.windows, /^[0-9a-f]{64}$/);
  assert.throws(
    () => definePipeline({ ...base(), measures: { x: { ratio: ['paid', 'visits'] } } }),
    (error) => error instanceof AppError && error.message.startsWith('pipeline at measures.x.ratio.0: found "paid"'),
  );
});

test('ids are remembered long enough that no copy counts twice, where the file does not say', () => {
  const hourly = definePipeline({ ...base(), windows: ['1h'] });
  assert.equal(hourly.engine.sources[0]?.event.dedupMs, 3_660_000);
});

test('several sources: each with its own event; measures name theirs', () => {
  const { engine } = definePipeline({
    pipeline: 'shop',
    sources: {
      orders: { topic: 'orders', event: { time: 'at' } },
      visits: { topic: 'visits', event: { time: 'ts', time_unit: 'ms' }, where: { bot: false } },
    },
    measures: { income: { sum: 'orders.price.net' }, seen: { count: 'visits' }, each: { ratio: ['income', 'seen'] } },
    windows: ['1m'],
  });
  assert.deepEqual(
    engine.sources.map(({ name, topic, event }) => [name, topic, event.timeUnit]),
    [
      ['orders', 'orders', 'iso'],
      ['visits', 'visits', 'ms'],
    ],
  );
  assert.deepEqual(engine.measures[0], { name: 'income', kind: 'sum', source: 'orders', field: 'price.net', where: [] });
});

test('a lookup table has no keys but its own', () => {
  writeFileSync(join(temporary, 'table.json'), '{ "a": "1", "__proto__": "2" }');
  const { engine } = definePipeline(
    {
      ...base(),
      source: { topic: 'orders', lookup: { campaign: { file: 'table.json', by: 'ad' } } },
      dimensions: ['campaign'],
      rollups: [],
    },
    { folder: temporary },
  );
  const table = engine.sources[0]?.lookups[0]?.table;
  assert.deepEqual(Object.keys(table ?? {}), ['a', '__proto__']);
  assert.equal(table?.['toString'], undefined);
});

test('the default detector is evidence, over all series, within a budget of one false alarm a day', () => {
  const plain = definePipeline({ ...base(), rollups: [[]] }).monitor;
  assert.deepEqual(
    plain.detect.map(({ detector, measure, window, over }) => [detector, measure, window, over]),
    [['evidence', 'share', '1m', 'all']],
  );
  assert.equal(plain.falseAlarmsPerDay, 1);
  const detect = { false_alarms_per_day: 0.5, min_volume: 9, share: { down: '50%' }, paid: { detector: 'ema-threshold', up: '100%' } };
  const mixed = definePipeline({ ...base(), rollups: [[]], detect }).monitor;
  assert.deepEqual(
    mixed.detect.map(({ detector, measure, over }) => [detector, measure, over]),
    [
      ['ema-threshold', 'paid', 'full'],
      ['evidence', 'share', 'all'],
    ],
  );
  assert.equal((mixed.detect[0]!.config as { min_volume: number }).min_volume, 9);
  assert.equal(mixed.falseAlarmsPerDay, 0.5);
  assert.equal(definePipeline({ ...base(), detect: {} }).monitor.detect.length, 0);
});

test('a measure may have several detectors; settings of the block hold for each that knows them', () => {
  const share = [
    { down: '50%' },
    { detector: 'threshold', below: 1, window: '5m/1m' },
    { detector: 'threshold', above: 9, severity: 'critical' },
  ];
  const { monitor } = definePipeline({ ...base(), rollups: [[]], detect: { min_volume: 9, share } });
  assert.deepEqual(
    monitor.detect.map(({ detector, measure, window, over }) => [detector, measure, window, over]),
    [
      ['evidence', 'share', '1m', 'all'],
      ['threshold', 'share', '5m/1m', 'full'],
      ['threshold', 'share', '1m', 'full'],
    ],
  );
  assert.deepEqual(
    monitor.detect.map(({ config }) => (config as { min_volume?: number }).min_volume),
    [undefined, 9, 9],
  );
  assert.deepEqual(monitor.detect[2]!.naming, { down: { severity: 'critical' }, up: { severity: 'critical' } });
  // As if the one had stood there alone: an edited file goes on with what was learnt.
  const alone = definePipeline({ ...base(), detect: { share: { down: '50%' } } });
  assert.deepEqual(definePipeline({ ...base(), detect: { share: [{ down: '50%' }] } }).hashes, alone.hashes);
});

test('of one detector no series of a measure has two', () => {
  const of = (...share: unknown[]) => definePipeline({ ...base(), rollups: [[]], detect: { share } });
  const limit = { detector: 'threshold', above: 9 };
  assert.throws(
    () => of(limit, { ...limit, below: 1 }),
    /^AppError: pipeline at detect\.share\.1: found threshold on share in 1m windows a second time/,
  );
  assert.throws(() => of(limit, { ...limit, over: 'all' }), /detect\.share\.1: .*\(over: full, and over: all\)/);
  assert.equal(of(limit, { ...limit, over: 'rollups' }, { ...limit, window: '5m/1m' }).monitor.detect.length, 3);
});

test('a path in the file may be absolute', () => {
  const schema = join(temporary, 'absolute.json');
  writeFileSync(
    schema,
    JSON.stringify({
      type: 'object',
      title: 'an order',
      properties: Object.fromEntries(
        ['id', 'at', 'status', 'test', 'ms', 'country', 'channel', 'price', 'user', 'age'].map((field) => [field, true]),
      ),
    }),
  );
  const { engine } = definePipeline({ ...base(), source: { topic: 'orders', schema } }, { folder: '/somewhere/else' });
  assert.equal(engine.sources[0]?.schema?.['title'], 'an order');
});

test('hashes change with what changes results, and with nothing else', () => {
  const schema = (extra: object): string => {
    const name = `schema-${Object.keys(extra).join('-')}.json`;
    const properties = {
      id: { type: 'string' },
      at: { type: 'string' },
      country: { type: 'string' },
      channel: { type: 'string' },
      status: {},
      test: {},
      ms: { type: 'number' },
    };
    writeFileSync(join(temporary, name), JSON.stringify({ type: 'object', properties, ...extra }));
    return name;
  };
  const hashesOf = (change: Partial<PipelineFile>) => definePipeline({ ...base(), ...change }, { folder: temporary }).hashes;
  const before = hashesOf({});
  const withSchema = hashesOf({ source: { topic: 'orders', schema: schema({}) } });
  const same = { windows: false, detect: false };
  const cases: [string, typeof before, typeof before, typeof same][] = [
    ['receivers', before, hashesOf({ receivers: { me: { type: 'console' } } }), same],
    [
      'locale, serve, start, store, notify_within',
      before,
      hashesOf({ locale: 'ko', serve: { path: '/x', window: '1m' }, start: 'latest', store: { raw: { keep: '1d' } }, notify_within: '1m' }),
      same,
    ],
    ['unit', before, hashesOf({ measures: { ...base().measures, p99: { quantile: 'ms', q: 0.99, unit: 's' } } }), same],
    ['hint', before, hashesOf({ detect: { share: { down: '50%', hint: 'x', severity: 'low', runbook: 'https://h/x' } } }), same],
    ['time_zone', before, hashesOf({ time_zone: 'Asia/Seoul' }), same],
    [
      'defaults written out',
      before,
      hashesOf({ event: { id: 'id', time: 'at', out_of_orderness: '5s', dedup: '600s' }, clock: 'append' }),
      same,
    ],
    ['title of the schema', withSchema, hashesOf({ source: { topic: 'orders', schema: schema({ title: 'x' }) } }), same],
    [
      'schema',
      withSchema,
      hashesOf({ source: { topic: 'orders', schema: schema({ required: ['id'] }) } }),
      { windows: true, detect: false },
    ],
    [
      'what a version says, and which there are',
      hashesOf({ source: { topic: 'orders', schemas: { v1: schema({}) } } }),
      hashesOf({ source: { topic: 'orders', schemas: { v1: schema({ required: ['id'] }), v2: schema({}) } } }),
      same,
    ],
    [
      'the field that names versions',
      hashesOf({ source: { topic: 'orders', schemas: { v1: schema({}) } } }),
      hashesOf({ source: { topic: 'orders', schemas: { v1: schema({}) }, version_field: 'status' } }),
      { windows: true, detect: false },
    ],
    ['quantile', before, hashesOf({ measures: { ...base().measures, p99: { quantile: 'ms', q: 0.9 } } }), { windows: true, detect: false }],
    ['lateness', before, hashesOf({ event: { id: 'id', time: 'at', allowed_lateness: '2m' } }), { windows: true, detect: false }],
    ['series', before, hashesOf({ limits: { max_series: 5 } }), { windows: true, detect: false }],
    ['idle', before, hashesOf({ limits: { idle_after: '5s' } }), same],
    ['clock', before, hashesOf({ clock: 'event' }), { windows: true, detect: false }],
    ['detector', before, hashesOf({ detect: { share: { down: '40%' } } }), { windows: false, detect: true }],
    ['cooldown', before, hashesOf({ cooldown: '1h' }), { windows: false, detect: true }],
  ];
  for (const [name, one, other, changed] of cases) {
    assert.deepEqual({ windows: one.windows !== other.windows, detect: one.detect !== other.detect }, changed, name);
  }
});

test('a file that cannot be read says why', () => {
  const refused = (path: string, message: RegExp): void => {
    assert.throws(
      () => loadPipeline(path),
      (error) => error instanceof AppError && error.code === 'config_invalid' && message.test(error.message),
    );
  };
  refused(join(temporary, 'none.yml'), /none\.yml: cannot read a pipeline file: no such file$/);
  refused(temporary, /: cannot read a pipeline file: it is a directory/);
  refused('/dev/null', /^\/dev\/null: found something that is not a file/);
  writeFileSync(join(temporary, 'huge.yml'), '#'.repeat(1_048_577));
  refused(join(temporary, 'huge.yml'), /huge\.yml: found 1048577 bytes; expected a pipeline file, of at most 1048576 bytes/);
  writeFileSync(join(temporary, 'locked.yml'), 'pipeline: a');
  chmodSync(join(temporary, 'locked.yml'), 0);
  if (process.getuid?.() !== 0) refused(join(temporary, 'locked.yml'), /no permission to read it/);
});

test('more problems than anyone reads at once are cut short', () => {
  const measures = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`m${index}`, {}]));
  assert.throws(
    () => definePipeline({ ...base(), measures, detect: {} }),
    (error) => error instanceof AppError && error.message.split('\n').length === 21 && error.message.endsWith('... and 80 more problems'),
  );
});

test('whatever a value is replaced by, the answer is a pipeline or a message', () => {
  const keys = Object.keys(base()) as (keyof PipelineFile)[];
  const value = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fc.constantFrom('share', 'detector', 'topic', 'a'), fc.jsonValue()),
    fc.constantFrom('1m', '50%', 'toString', 'constructor'),
  );
  fc.assert(
    fc.property(fc.constantFrom(...keys, 'receivers', 'serve', 'sources', 'topics'), value, (key, replaced) => {
      try {
        definePipeline({ ...base(), [key]: replaced });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        for (const line of error.message.split('\n')) assert.match(line, /^(pipeline( at .+)?: .*expected |\.\.\. and)/);
      }
    }),
    { numRuns: 500 },
  );
});
