/** What a person gives a backtest beside the pipeline file: changes to it, and incidents. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { zoneNamed } from '../../core/told-time.ts';
import { readIncidents } from './incidents.ts';
import { loadWithChanges } from './override.ts';
import { temporary } from '../../../test/support/temporary.ts';

const dir = temporary({ after });
const file = join(dir, 'shop.yml');
writeFileSync(
  file,
  `pipeline: shop
source: { topic: orders }
event: { time: at }
dimensions: [country]
measures: { visits: { count: {} }, ctr: { ratio: [visits, visits] } }
windows: [1m]
detect:
  detector: ema-threshold
  ctr: { down: 50% }
  visits: { up: 200% }
`,
);

test('a change is what the file would say; null takes a setting out; blocks that are not there are made', () => {
  const { monitor, hashes } = loadWithChanges(file, ['detect.ctr.down=40%', 'detect.visits=null', 'cooldown=1h', 'limits.max_series=5']);
  assert.deepEqual(
    monitor.detect.map(({ measure, config }) => [measure, (config as { down: number }).down]),
    [['ctr', 0.4]],
  );
  assert.equal(monitor.repeatAfterMs, 3_600_000);
  assert.notEqual(hashes.windows, loadWithChanges(file, []).hashes.windows);
  assert.equal(loadWithChanges(file, ['detect.ctr={ up: 80% }']).monitor.detect.length, 2);
});

test('blocks that share an anchor are changed one by one', () => {
  const shared = join(dir, 'shared.yml');
  const text = readFileSync(file, 'utf8').replace('  ctr: { down: 50% }', '  ctr: &half { down: 50% }');
  writeFileSync(shared, text.replace('  visits: { up: 200% }', '  visits: *half'));
  const { monitor } = loadWithChanges(shared, ['detect.ctr.down=40%']);
  assert.deepEqual(
    monitor.detect.map(({ measure, config }) => [measure, (config as { down: number }).down]),
    [
      ['visits', 0.5],
      ['ctr', 0.4],
    ],
  );
});

test('an entry of a list goes by its number', () => {
  const listed = join(dir, 'listed.yml');
  const several = '  ctr: [{ down: 50% }, { detector: threshold, above: 9 }]';
  writeFileSync(listed, readFileSync(file, 'utf8').replace('  ctr: { down: 50% }', several));
  const settings = (...changes: string[]): unknown[] =>
    loadWithChanges(listed, changes).monitor.detect.flatMap(({ measure, config }) => (measure === 'ctr' ? [config] : []));
  const [drop, limit] = settings();
  assert.deepEqual(settings('detect.ctr.1.above=5'), [drop, { ...(limit as object), above: 5 }]);
  assert.deepEqual(settings('detect.ctr.0=null'), [limit]);
  assert.deepEqual(settings('detect.ctr.0={ down: 50% }', 'detect.ctr.1=null'), [drop]);
  for (const change of ['detect.ctr.down=40%', 'detect.ctr.2.above=5', 'detect.ctr.length=1', 'detect.ctr.01.above=5']) {
    assert.throws(() => loadWithChanges(listed, [change]), /found a list at detect\.ctr; expected an entry of it, 0 to 1$/, change);
  }
});

test('a wrong change says where, what was expected, and what was meant', () => {
  for (const [change, code, message] of [
    ['detect.ctr.dwn=40%', 'config_invalid', /^--set detect\.ctr\.dwn: found "dwn"; expected one of .*; did you mean "down"\?$/],
    ['detect.crt.down=40%', 'config_invalid', /^--set detect\.crt: found "crt".*did you mean "ctr"\?$/],
    ['detekt.ctr.down=40%', 'config_invalid', /did you mean "detect"\?$/],
    ['detect.ctr.down=40', 'config_invalid', /^--set detect\.ctr\.down: found 40; expected a percentage/],
    ['detect.ctr.down.x=1', 'config_invalid', /found "50%" at detect\.ctr\.down; expected a block/],
    ['detect.ctr.down', 'usage', /found "detect\.ctr\.down"; expected a path/],
    ['=1', 'usage', /expected a path/],
    ['detect.__proto__.x=1', 'usage', /expected a path/],
    ['detect.ctr.down=', 'usage', /found no value/],
    ['detect.ctr.down=[', 'config_invalid', /^--set detect\.ctr\.down:1:/],
  ] as const) {
    assert.throws(
      () => loadWithChanges(file, [change]),
      (error) => error instanceof AppError && error.code === code && message.test(error.message),
      change,
    );
  }
});

test('incidents come as YAML, JSON or CSV, and mean the same', () => {
  const { engine } = loadWithChanges(file, []);
  const read = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return readIncidents(join(dir, name), engine, zoneNamed('Asia/Seoul'));
  };
  const incidents = [
    { start: '2026-03-02T09:00:00Z', end: '2026-03-02T09:10:00Z', labels: { country: 'KR' }, measure: 'ctr' },
    { start: '2026-03-03', end: '2026-03-04' },
  ];
  const meant = [incidents[0], { start: '2026-03-02T15:00:00.000Z', end: '2026-03-03T15:00:00.000Z' }];
  assert.deepEqual(read('i.json', JSON.stringify(incidents)), meant);
  assert.deepEqual(
    read(
      'i.yml',
      '- { start: 2026-03-02T09:00:00Z, end: 2026-03-02T09:10:00Z, labels: { country: KR }, measure: ctr }\n- start: 2026-03-03\n  end: 2026-03-04\n',
    ),
    meant,
  );
  assert.deepEqual(
    read('i.csv', 'start,end,country,measure\r\n2026-03-02T09:00:00Z,2026-03-02T09:10:00Z,KR,ctr\r\n\r\n2026-03-03,2026-03-04,,\r\n'),
    meant,
  );
  const [local] = read('local.yml', '- { start: 2026-03-02 18:00, end: 2026-03-02 18:10 UTC+9 }');
  assert.deepEqual(local, { start: '2026-03-02T09:00:00.000Z', end: '2026-03-02T09:10:00.000Z' }, 'as tables and messages have them');
  for (const [name, text, message] of [
    [
      'bad.yml',
      '- { start: 2026-03-02, end: 2026-03-03, labels: { contry: KR } }',
      /bad\.yml:1:\d+: found "contry"; expected a dimension: country; did you mean/,
    ],
    ['bad.yml', '- { start: 2026-03-02T09:00, end: 2026-03-03 }', /bad\.yml:1:\d+: found "2026-03-02T09:00"; expected a time/],
    ['bad.yml', '- { start: 2026-03-03, end: 2026-03-02 }', /expected a time after the start/],
    ['bad.yml', '- { start: 2026-03-02, end: 2026-03-03, measure: crt }', /expected a measure: visits, ctr; did you mean "ctr"/],
    ['bad.csv', 'start,ende\n', /bad\.csv:1: found "ende".*\n.*bad\.csv:1: found no column end/],
    ['bad.csv', 'start,end\n2026-03-02,2026-03-03\n\n2026-03-02,soon\n', /bad\.csv:4: found "soon"/],
    [
      'bad.csv',
      'start,end\n2026-03-02,2026-03-03,,\n2026-03-02,2026-03-03,,KR\n',
      /bad\.csv:3: found 4 fields for 2 columns; expected quotes around a field with commas in it/,
    ],
  ] as const) {
    assert.throws(
      () => read(name, text),
      (error) => error instanceof AppError && message.test(error.message),
      text,
    );
  }
});
