/** The command line, called as people and scripts call it; `bin/tocsin` in a process of its own where it lives beside others. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { begin } from '../../test/support/in-process.ts';
import { temporary } from '../../test/support/temporary.ts';

const BIN = resolve(import.meta.dirname, '../../bin/tocsin');
const dir = temporary({ after });
// What is called names its files from there, as what is started does.
process.chdir(dir);
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

function start(...args: string[]): ChildProcess {
  const child = spawn(BIN, args, { stdio: 'pipe' });
  running.add(child);
  child.on('exit', () => running.delete(child));
  return child;
}

async function tocsin(...args: string[]) {
  return tocsinWith('', ...args);
}

async function tocsinWith(input: string, ...args: string[]) {
  return withRows(await begin(args, input).ended);
}

/** The same in a process of its own: what it writes and its exit code are the shell's to see. */
async function started(...args: string[]) {
  const child = start(...args);
  child.stdin!.end();
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return withRows({ stdout, stderr, code: code as number });
}

function withRows<T extends { readonly stdout: string }>(ended: T) {
  const rows = () =>
    ended.stdout
      .trimEnd()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { ...ended, rows };
}

async function shownBy(...args: string[]): Promise<[code: number | null, stdout: string, stderr: string]> {
  const { code, stdout, stderr } = await tocsin(...args);
  return [code, stdout, stderr];
}

const PIPELINE = `pipeline: shop
source: { topic: orders }
event: { id: id, time: at, out_of_orderness: 1s, allowed_lateness: 5s, dedup: 1m }
dimensions: [country]
measures:
  orders: { count: {} }
  revenue: { sum: price }
windows: [10s]
rollups: [[]]
time_zone: Asia/Seoul
`;
writeFileSync(join(dir, 'shop.yml'), PIPELINE);

const at = (seconds: number): string => new Date(Date.UTC(2026, 2, 2, 9, 0, seconds)).toISOString();
const order = (id: number, seconds: number, country: string, price: number): string =>
  JSON.stringify({ id: `o${id}`, at: at(seconds), country, price });
/** A late one (the last), a duplicate and one that is no JSON among them. */
const ORDERS = [
  order(1, 1, 'KR', 10),
  order(2, 3, 'US', 5),
  order(2, 3, 'US', 5),
  'broken',
  order(3, 9, 'KR', 2.5),
  order(4, 40, 'KR', 1),
  order(5, 2, 'KR', 100),
];
writeFileSync(join(dir, 'orders.ndjson'), `${ORDERS.join('\n')}\n`);

test('every command has help with examples; a wrong call is exit 2 and a line that helps', async () => {
  const paths = [
    'run',
    'check',
    'ingest',
    'windows',
    'alerts',
    'dlq',
    'dlq list',
    'dlq show',
    'dlq replay',
    'generate commerce',
    'log',
    'log list',
    'log tail',
    'status',
    'receivers',
    'receivers list',
    'receivers test',
    'simulate',
    'backtest',
    'demo',
  ];
  await Promise.all(
    paths.map(async (path) => {
      const { stdout, code } = await tocsin(...path.split(' '), '--help');
      assert.equal(code, 0, path);
      assert.match(stdout, new RegExp(`Usage: tocsin ${path}`));
      assert.match(stdout, /Examples:\n {2}tocsin |Examples:\n.*\| tocsin /);
    }),
  );
  for (const [args, message] of [
    [['windoes'], /unknown command 'windoes'\n\(Did you mean windows\?\)/],
    [['windows', '--form', 'x'], /unknown option '--form'/],
    [['ingest', 'x'], /required option '--topic/],
    [['run'], /missing required argument 'files'/],
    [['run', 'a', 'b', '--input', '-'], /--input goes into one pipeline/],
    [['windows', '--data', 'nowhere'], /nowhere: it does not exist/],
    [['run', 'shop.yml', '--from', 'x'], /Expected earliest/],
  ] as const) {
    const { code, stderr, stdout } = await (args[0] === 'windoes' ? started : tocsin)(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, message);
    assert.match(stderr, /^tocsin: /);
    assert.doesNotMatch(stderr, /\n {4}at /);
    assert.equal(stdout, '');
  }
});

test('whatever reads what is stored reads it at a broker too, named by --log or TOCSIN_LOG', async (t) => {
  const variants = ['experiment', '--measure', 'm', '--of', 'd', '--control', 'c'];
  const reading = [['windows'], ['alerts'], ['dlq', 'list'], ['silence', 'list'], ['log', 'list'], ['status'], variants];
  const outcomes = async (...log: string[]): Promise<string[]> => {
    const told = await Promise.all(reading.map((command) => tocsin(...command, ...log)));
    return told.map(({ code, stderr }) => `${code}: ${stderr}`);
  };
  for (const outcome of await outcomes('--log', 'redis://k1')) assert.match(outcome, /^2: .*redis:\/\/k1.*kafka:\/\//s);
  process.env['TOCSIN_LOG'] = 'redis://k2';
  t.after(() => delete process.env['TOCSIN_LOG']);
  for (const outcome of await outcomes()) assert.match(outcome, /^2: .*redis:\/\/k2.*kafka:\/\//s);
});

test('check says what its detectors ring at', async () => {
  const { stdout } = await tocsin('check', join(import.meta.dirname, '../../pipelines/access-log.yml'));
  assert.match(stdout, /threshold on 1h windows: error_ratio \(above 5% until below 3%\)$/m);
});

test('check tells what a file computes, or all that is wrong with it', async () => {
  writeFileSync(
    join(dir, 'wrong.yml'),
    PIPELINE.replace('windows: [10s]', 'windows: [10q]').replace('revenue: { sum: price }', 'revenue: { summ: price }'),
  );
  const right = await started('check', 'shop.yml');
  assert.equal(right.code, 0);
  assert.match(right.stdout, /pipeline shop is right/);
  const wrong = await started('check', 'shop.yml', 'wrong.yml', '--json');
  assert.equal(wrong.code, 2);
  assert.deepEqual(
    wrong.rows().map(({ file, ok }) => [file, ok]),
    [
      ['shop.yml', true],
      ['wrong.yml', false],
    ],
  );
  assert.deepEqual(wrong.rows()[0].errors, []);
  assert.equal(wrong.rows()[1].errors.length, 2);
  const twice = await tocsin('check', 'shop.yml', 'shop.yml', '--json');
  assert.deepEqual([twice.code, ...twice.rows().map(({ ok }) => ok)], [2, true, false]);
  assert.deepEqual(twice.rows()[1].errors, ['shop.yml: two of the files are called pipeline "shop"; each needs a name of its own.']);
});

test('an input to its end; windows, dead letters and status agree with it; a replay counts once', async () => {
  const first = await started('run', 'shop.yml', '--input', 'orders.ndjson', '--once', '--json', '--data', 'once', '--olap-store', 'none');
  assert.equal(first.code, 0, first.stderr);
  const events = { read: 7, accepted: 4, duplicate: 1, late: 1, invalid: 1, ignored: 0 };
  assert.deepEqual(first.rows()[0].events, events);

  const windows = await tocsin('windows', '--data', 'once', '--json', '--window', '10s', '--to', at(10));
  assert.deepEqual(
    windows.rows().map((row) => ({ ...row, version: typeof row.version })),
    [
      { country: 'KR', orders: 2, revenue: 12.5 },
      { country: 'US', orders: 1, revenue: 5 },
      { orders: 3, revenue: 17.5 },
    ].map((row) => ({ window_start: at(0), window_end: at(10), window: '10s', ...row, final: true, corrections: 0, version: 'string' })),
  );
  // The store options of `run`, which may stand in the environment too: what the log has is shown from there.
  const stores = ['--hot-store', 'redis://127.0.0.1:1', '--olap-store', 'http://127.0.0.1:1/tocsin'];
  assert.deepEqual(await shownBy('windows', '--data', 'once', '--json', '--to', at(10), ...stores), [0, windows.stdout, '']);
  assert.deepEqual(await shownBy('windows', '--data', 'once', '--hot-store', 'nonsense'), [
    2,
    '',
    'tocsin: --hot-store nonsense: expected memory, or an address such as redis://127.0.0.1:6379/0\n',
  ]);
  assert.match((await tocsin('windows', '--data', 'once', '--olap-store', 'nonsense')).stderr, /--olap-store: found nonsense is no OLAP/);
  assert.match((await tocsin('windows', '--data', 'once')).stdout, /^window start \(Asia\/Seoul\) +window +country +orders +revenue/);

  const status = (await tocsin('status', '--data', 'once', '--json')).rows()[0];
  assert.equal(status.holder, null);
  assert.deepEqual(status.pipelines[0].events, events);
  assert.deepEqual(status.pipelines[0].partitions[0].reasons, { bad_json: 1 });
  assert.equal(status.pipelines[0].partitions[0].lag, 0);
  assert.equal(status.pipelines[0].frontier, '2026-03-02T09:00:39.000Z');
  const [, shown] = await shownBy('status', '--data', 'once');
  assert.match(shown, / final up to +2026-03-02 18:00:39 UTC\+9 .* watermark \(Asia\/Seoul\) .* 2026-03-02 18:00:39 /s);

  const letters = (await tocsin('dlq', 'list', '--data', 'once', '--json')).rows();
  assert.deepEqual(
    letters.map(({ origin, reason }) => [origin, reason]),
    [
      ['orders/0/3', 'bad_json'],
      ['orders/0/6', 'late'],
    ],
  );
  assert.match((await tocsin('dlq', 'list', '--reason', 'late', '--data', 'once')).stdout, / late +\d+ s behind the watermark /);
  assert.equal((await started('dlq', 'show', 'orders/0/1', '--data', 'once')).code, 1);
  assert.match((await tocsin('dlq', 'show', 'orders/0/3', '--data', 'once')).stdout, /bad_json[^]*\n\nbroken\n$/);
  assert.equal((await tocsin('dlq', 'replay', '--data', 'once')).code, 2);
  assert.deepEqual((await tocsin('dlq', 'replay', '--reason', 'late', '--data', 'once', '--json')).rows()[0].sent, 1);

  const again = await tocsin('run', 'shop.yml', '--once', '--json', '--data', 'once', '--olap-store', 'none');
  assert.deepEqual(again.rows()[0].events, events, again.stderr);
  assert.deepEqual((await tocsin('dlq', 'list', '--reason', 'late', '--data', 'once', '--json')).rows()[0].replay, { outcome: 'accepted' });
  assert.deepEqual((await tocsin('dlq', 'replay', '--all', '--data', 'once', '--json')).rows()[0], {
    sent: 1,
    judged_before: 1,
    not_sendable: 0,
    not_found: [],
  });
  const total = (await tocsin('windows', '--data', 'once', '--json', '--to', at(10))).rows().find((row) => !('country' in row));
  assert.deepEqual([total.orders, total.revenue], [4, 117.5]);
});

test('a run that could take nothing of what it read says so, and where that lies', async () => {
  const run = async (lines: readonly string[], ...more: string[]) =>
    tocsinWith(`${lines.join('\n')}\n`, 'run', 'shop.yml', '--input', '-', '--once', '--data', 'bad', '--olap-store', 'none', ...more);
  const all = await run(['broken', '{}'], '--json');
  assert.equal(all.code, 0);
  assert.deepEqual([all.rows()[0].events.accepted, all.rows()[0].events.invalid], [0, 2]);
  assert.match(
    all.stderr,
    /pipeline shop accepted nothing of the 2 records of this run: 2 invalid, 0 late\. `tocsin dlq list --data bad` says/,
  );
  const some = await run(['broken', ORDERS[0]!]);
  assert.deepEqual([some.code, some.stderr.includes('accepted nothing')], [0, false]);
  assert.match(some.stdout, /invalid because of .*\n {2}they lie whole in the dead-letter queue: tocsin dlq list --data bad\n/);
  // What was accepted by an earlier run is no help to this one; what it has counted before is.
  assert.match((await run(['broken again'])).stderr, /accepted nothing of the 1 record of this run/);
  assert.doesNotMatch((await run([ORDERS[0]!, 'broken once more'])).stderr, /accepted nothing/);
});

test('a backtest tells seconds where its windows are that short, and misses no baseline where nothing learns', async () => {
  const detect = 'detect: { detector: threshold, orders: { above: 1 } }\n';
  writeFileSync(join(dir, 'rules.yml'), `${PIPELINE}${detect}`);
  const seconds = await tocsin('backtest', 'rules.yml', '--input', 'orders.ndjson', '--data', 'nowhere');
  assert.deepEqual([seconds.code, seconds.stderr.includes('baseline')], [0, false], seconds.stderr);
  assert.match(seconds.stdout, /2026-03-02 18:00:00 to 2026-03-02 18:00:30 \(Asia\/Seoul\)[^]*\n {2}2026-03-02 18:00:10 {2}/);
  writeFileSync(
    join(dir, 'minutes.yml'),
    `${PIPELINE.replace('[10s]', '[1m]').replace('dedup: 1m', 'dedup: 2m')}${detect.replace('threshold', 'ema-threshold').replace('above: 1', 'up: 50%')}`,
  );
  const rise = Array.from({ length: 9 }, (_, i) => order(10 + i, 70 + i, 'KR', 1));
  const input = `${[...ORDERS, ...rise, order(6, 150, 'KR', 1)].join('\n')}\n`;
  const minutes = await tocsinWith(input, 'backtest', 'minutes.yml', '--input', '-', '--data', 'nowhere');
  assert.match(minutes.stdout, /2026-03-02 18:00 to 2026-03-02 18:02 \(Asia\/Seoul\)/);
  assert.match(minutes.stderr, /began without a baseline/);
  assert.match(minutes.stdout, /: 1 alert rang; 1 of them in the first day, while detectors learn\n/);
});

test('what a backtest tells of labels leaves the terminal as it is', async () => {
  writeFileSync(join(dir, 'bells.yml'), `${PIPELINE}detect: { detector: threshold, orders: { above: 1 } }\n`);
  const loud = '\u001B[31mKR\u0007\u009B2J\u202E\ntocsin: all is well';
  const row = (seconds: number): string => JSON.stringify({ window: '10s', window_start: at(seconds), country: loud, orders: 7 });
  writeFileSync(join(dir, 'loud.ndjson'), `${row(0)}\n${row(10)}\n`);
  writeFileSync(join(dir, 'known.yml'), '- { start: 2026-03-02T09:00:00Z, end: 2026-03-02T09:01:00Z, labels: { country: JP } }\n');
  const told = await tocsin('backtest', 'bells.yml', '--input', 'loud.ndjson', '--data', 'nowhere', '--incidents', 'known.yml');
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stderr, /no series had country="JP"; there are \uFFFD\[31mKR/);
  writeFileSync(join(dir, 'twice.ndjson'), `${row(0)}\n${row(0)}\n`);
  const twice = await tocsin('backtest', 'bells.yml', '--input', 'twice.ndjson', '--data', 'nowhere');
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /twice\.ndjson:2: found a second row of .+KR.+ in its window/);
  for (const { stdout, stderr } of [told, twice]) {
    const lines = `${stdout}${stderr}`.split('\n');
    assert.deepEqual(
      lines.filter((line) => /[\p{Cc}\u202E]/u.test(line) || line === 'tocsin: all is well'),
      [],
    );
  }
});

test('beside a running process: lines go in through it, readers see what it does, Ctrl-C ends it', async () => {
  const run = start('run', 'shop.yml', '--data', 'live', '--olap-store', 'none', '--listen', 'none', '--clock', 'event');
  const exited = once(run, 'exit');
  run.stdout!.resume();
  await untilPrinted(run, /Ctrl-C ends it/);

  const second = await started('run', 'shop.yml', '--data', 'live', '--olap-store', 'none');
  assert.equal(second.code, 2);
  assert.match(second.stderr, /another Tocsin process \(pid \d+\) works on the data directory/);

  const tail = start('log', 'tail', 'shop.windows', '--from-beginning', '--follow', '--json', '--data', 'live');
  const firstRow = once(tail.stdout!, 'data');
  const fed = await tocsinWith(`${ORDERS.join('\n')}\n`, 'ingest', '-', '--topic', 'orders', '--data', 'live', '--json');
  assert.deepEqual([fed.code, fed.rows()[0].lines], [0, 7], fed.stderr);
  assert.match(String((await firstRow)[0]), /"key":"10s\//);
  tail.kill('SIGINT');
  assert.deepEqual(await once(tail, 'exit'), [0, null]);

  // A closed window is in the topic once its commit is: the partition was read to its end by then.
  const status = (await tocsin('status', '--data', 'live', '--json')).rows()[0];
  assert.equal(status.holder.pid, run.pid);
  assert.equal(status.pipelines[0].events.read, 7);
  assert.equal((await tocsin('windows', '--data', 'live', '--json', '--to', at(10))).rows().length, 3);
  run.kill('SIGINT');
  assert.deepEqual(await exited, [0, null]);
});

test('a reader that stops early ends the command quietly', async () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i} that is long enough to fill a pipe`).join('\n');
  assert.equal((await tocsinWith(lines, 'ingest', '-', '--topic', 'many', '--partitions', '1', '--data', 'many')).code, 0);
  const tail = start('log', 'tail', 'many', '--from-beginning', '--data', 'many');
  await once(tail.stdout!, 'data');
  tail.stdout!.destroy();
  const [stderr, [code]] = await Promise.all([text(tail.stderr!), once(tail, 'exit')]);
  assert.deepEqual([code, stderr], [0, '']);
});

async function untilPrinted(child: ChildProcess, pattern: RegExp): Promise<void> {
  let seen = '';
  for await (const part of child.stderr!.iterator({ destroyOnReturn: false })) {
    seen += String(part);
    if (pattern.test(seen)) break;
  }
  assert.match(seen, pattern);
  child.stderr!.resume();
}
