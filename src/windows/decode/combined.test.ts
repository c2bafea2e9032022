import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fc } from '../../../test/support/fast-check.ts';
import { decodeCombined, type CombinedRecord } from './combined.ts';

const PACK = resolve(import.meta.dirname, '../../../../shared/data/access-log/apache_logs.gz');
const decode = (line: string) => decodeCombined(Buffer.from(line));
function record(line: string): CombinedRecord {
  const result = decode(line);
  assert.ok(typeof result !== 'string', `${String(result)}: ${line}`);
  return result;
}
const line = (parts: { time?: string; request?: string; status?: string; bytes?: string; referer?: string; agent?: string } = {}): string =>
  `10.0.0.1 - frank [${parts.time ?? '10/Oct/2000:13:55:36 -0700'}] "${parts.request ?? 'GET /a?b=c HTTP/1.1'}" ${parts.status ?? '200'} ${parts.bytes ?? '2326'} "${parts.referer ?? 'http://e.org/'}" "${parts.agent ?? 'M/4'}"`;

test('a line becomes a record', () => {
  assert.deepEqual(record(line()), {
    host: '10.0.0.1',
    ident: '-',
    user: 'frank',
    time: '2000-10-10T20:55:36.000Z',
    method: 'GET',
    path: '/a?b=c',
    protocol: 'HTTP/1.1',
    status: 200,
    status_class: '2xx',
    bytes: 2326,
    referer: 'http://e.org/',
    user_agent: 'M/4',
  });
  const bare = record(line({ bytes: '-', referer: '-', agent: '' }));
  assert.deepEqual([Object.hasOwn(bare, 'bytes'), bare.referer, bare.user_agent], [false, '-', '']);
});

test('10,000 real requests: the figures of the data pack', { skip: existsSync(PACK) ? false : 'the data pack is not here' }, () => {
  const lines = gunzipSync(readFileSync(PACK)).toString('latin1').trimEnd().split('\n');
  const results = lines.map((text) => decode(text));
  assert.deepEqual(
    results.flatMap((result, i) => (typeof result === 'string' ? [[i + 1, result]] : [])),
    [[8899, 'bad_line']],
  );
  const records = results.filter((result) => typeof result !== 'string');
  const counts = (field: 'status' | 'method' | 'protocol' | 'ident' | 'user') => {
    const found: Record<string, number> = {};
    for (const each of records) found[each[field]] = (found[each[field]] ?? 0) + 1;
    return found;
  };
  assert.deepEqual(counts('status'), { 200: 9125, 206: 45, 301: 164, 304: 445, 403: 2, 404: 213, 416: 2, 500: 3 });
  assert.deepEqual(counts('method'), { GET: 9951, HEAD: 42, POST: 5, OPTIONS: 1 });
  assert.deepEqual(counts('protocol'), { 'HTTP/1.1': 9299, 'HTTP/1.0': 700 });
  assert.deepEqual([counts('ident'), counts('user')], [{ '-': 9999 }, { '-': 9999 }]);
  assert.equal(records.filter((each) => each.bytes === undefined).length, 669);
  assert.equal(records.filter((each) => each.referer === '-').length, 4072);
  assert.equal(records.filter((each) => each.user_agent === '-').length, 190);
  assert.equal(new Set(records.map((each) => each.host)).size, 1753);
  const times = records.map((each) => each.time).sort();
  assert.deepEqual([times[0], times.at(-1)], ['2015-05-17T10:05:00.000Z', '2015-05-20T21:05:59.000Z']);
  assert.ok(times.every((time) => time.slice(14, 16) === '05'));
});

describe('time', () => {
  const time = (text: string) => {
    const result = decode(line({ time: text }));
    return typeof result === 'string' ? result : result.time;
  };
  test('zones and the calendar', () => {
    assert.equal(time('17/May/2015:10:05:03 +0000'), '2015-05-17T10:05:03.000Z');
    assert.equal(time('17/May/2015:10:05:03 -0000'), '2015-05-17T10:05:03.000Z');
    assert.equal(time('01/Jan/2024:00:10:00 +0545'), '2023-12-31T18:25:00.000Z');
    assert.equal(time('31/Dec/2023:23:59:59 -1030'), '2024-01-01T10:29:59.000Z');
    assert.equal(time('29/Feb/2024:00:00:00 +0000'), '2024-02-29T00:00:00.000Z');
    assert.equal(time('29/Feb/2000:00:00:00 +0100'), '2000-02-28T23:00:00.000Z');
  });
  test('what is no time', () => {
    for (const text of [
      '29/Feb/2023:00:00:00 +0000',
      '29/Feb/1900:00:00:00 +0000',
      '31/Apr/2024:00:00:00 +0000',
      '00/May/2024:00:00:00 +0000',
      '32/May/2024:00:00:00 +0000',
      '01/may/2024:00:00:00 +0000',
      '01/Mai/2024:00:00:00 +0000',
      '01/05/2024:00:00:00 +0000',
      '01/May/2024:24:00:00 +0000',
      '01/May/2024:00:60:00 +0000',
      '01/May/2024:00:00:60 +0000',
      '01/May/2024:00:00:00 0000',
      '01/May/2024:00:00:00 +000',
      '01/May/2024:00:00:00 +2400',
      '01/May/2024:00:00:00 +0060',
      '1/May/2024:00:00:00 +0000',
      '01/May/2024 00:00:00 +0000',
      '01/May/1969:00:00:00 +0000',
      '01/Jan/1970:00:00:00 +0001',
      '',
      '-',
      '01/constructor',
      '+1/May/2024:00:00:00 +0000',
      '01/May/2024:0x:00:00 +0000',
      '01/May/2024:00:00:00 *0000',
    ]) {
      assert.equal(time(text), 'value:time', text);
    }
  });
  test('every day is the one that Date knows', () => {
    const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
    const second = fc.integer({ min: 0, max: 253_402_300_799 });
    fc.assert(
      fc.property(second, fc.integer({ min: -839, max: 839 }), (seconds, zone) => {
        const local = new Date((seconds + zone * 60) * 1000);
        fc.pre(local.getTime() >= 0 && local.getUTCFullYear() <= 9999);
        const [date, clock] = local.toISOString().split('T') as [string, string];
        const [year, month, day] = date.split('-') as [string, string, string];
        const offset = `${String(Math.floor(Math.abs(zone) / 60)).padStart(2, '0')}${String(Math.abs(zone) % 60).padStart(2, '0')}`;
        const text = `${day}/${months[Number(month) - 1]}/${year}:${clock.slice(0, 8)} ${zone < 0 ? '-' : '+'}${offset}`;
        assert.equal(time(text), new Date(seconds * 1000).toISOString());
      }),
    );
  });
});

test('status and bytes', () => {
  for (const status of ['99', '600', '0', '2000', '2x0', '-', '-20', '20', '000'])
    assert.equal(decode(line({ status })), 'value:status', status);
  for (const bytes of ['-1', '1.5', '1e3', '--', '0x1', '9999999999999999']) assert.equal(decode(line({ bytes })), 'value:bytes', bytes);
  assert.deepEqual([record(line({ status: '100' })).status_class, record(line({ status: '599' })).status_class], ['1xx', '5xx']);
  assert.deepEqual([record(line({ bytes: '0' })).bytes, record(line({ bytes: '999999999999999' })).bytes], [0, 999_999_999_999_999]);
  assert.equal(decode(line({ time: 'x', status: 'x', bytes: 'x' })), 'value:time', 'the first fault in line order');
});

test('requests that are none are still requests that were answered', () => {
  const parts = (request: string) => {
    const { method, path, protocol } = record(line({ request, status: '400' }));
    return [method, path, protocol];
  };
  assert.deepEqual(parts('GET /with space HTTP/1.1'), ['GET', '/with space', 'HTTP/1.1']);
  assert.deepEqual(parts('GET /old'), ['GET', '/old', '-']);
  assert.deepEqual(parts('OPTIONS * HTTP/1.0'), ['OPTIONS', '*', 'HTTP/1.0']);
  for (const garbage of [
    '-',
    '',
    ' ',
    'GET',
    'GET ',
    '\\x16\\x03\\x01',
    '(GET) / HTTP/1.1',
    ' GET / HTTP/1.1',
    'GET HTTP/1.1x'.slice(0, 3),
  ]) {
    assert.deepEqual(parts(garbage)[0], '-', garbage);
  }
});

test('escapes within quotes', () => {
  const agent = (text: string) => record(line({ agent: text })).user_agent;
  assert.equal(agent('say \\"hi\\" \\\\'), 'say "hi" \\');
  assert.equal(agent('\\xE2\\x82\\xAC \\t\\n'), '€ \t\n');
  assert.equal(agent('\\xe4\\xe5 \\q \\x4'), '\\xe4\\xe5 \\q \\x4', 'what is no UTF-8 and no escape stays');
  assert.equal(agent('é€😀'), 'é€😀');
  assert.equal(decode(line({ agent: 'open \\' })), 'bad_line', 'an escaped quote closes nothing');
});

test('lines of another form', () => {
  const good = line();
  for (const text of [
    '',
    ' ',
    '-',
    'a b c',
    good.slice(0, -1),
    `${good} `,
    `${good} "more"`,
    ` ${good}`,
    good.replace(' - ', '  - '),
    good.replace(' frank', ''),
    good.replace(' [', ' '),
    good.replace('] ', ' '),
    good.replace('] ', ']  '),
    good.replace(' 200 ', ' '),
    good.replace(' 200 ', '  200 '),
    good.replace('" "', '"  "'),
    good.replace('" "', '""'),
    good.replace('1" 200', '1"  200'),
    'GET / HTTP/1.1',
    '{"a":1}',
  ]) {
    assert.equal(decode(text), 'bad_line', text);
  }
  assert.equal(decodeCombined(Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from([0xff, 0x22])])), 'bad_utf8');
});

test('any bytes give a record or a reason, and long ones in linear time', () => {
  const faults = ['bad_utf8', 'bad_line', 'value:time', 'value:status', 'value:bytes'];
  const check = (bytes: Uint8Array) => {
    const result = decodeCombined(bytes);
    if (typeof result === 'string') assert.ok(faults.includes(result));
    else assert.ok(result.host.length > 0 && result.status >= 100 && result.time.length === 24);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check));
  const good = Buffer.from(line());
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.constantFrom(0x20, 0x22, 0x5c, 0x5b, 0x5d, 0x2d, 0x30, 0x00, 0xc3)), { maxLength: 4 }),
      (changes) => {
        const copy = Uint8Array.from(good);
        for (const [at, byte] of changes) copy[at] = byte;
        check(copy);
      },
    ),
  );
  for (const filler of ['\\', '"', ' ', '\\x41', '\\"', '[', ']', 'a']) {
    const cpu = process.cpuUsage();
    check(Buffer.from(line({ agent: filler.repeat(1_000_000 / filler.length) })));
    check(Buffer.from(filler.repeat(1_000_000 / filler.length)));
    assert.ok(process.cpuUsage(cpu).user < 2_000_000, `${filler}: two lines of 1 MB took ${process.cpuUsage(cpu).user} us`);
  }
});
