import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { credentialsOf, isLocalRequest, roleOf, type Accounts } from './access.ts';
import { ForbiddenQuery, forbiddenTableFunctions, readableQuery } from './reader-guard.ts';
import { bindParameters, SqlTextError, textOf, tokenize } from './sql-text.ts';

const TABLE_FUNCTIONS = forbiddenTableFunctions(['file', 'url', 'remote', 's3', 'merge', 'loop', 'numbers', 'generateSeries']);
const read = (sql: string): string => readableQuery(tokenize(sql), TABLE_FUNCTIONS);

describe('what a reader may run', () => {
  for (const sql of [
    'SELECT 1',
    " \n select 'a;b -- no comment', `url` from kpis where x = 'into outfile'",
    '(SELECT 1) UNION ALL (SELECT 2)',
    'WITH 1 AS x SELECT x',
    'SHOW TABLES',
    'EXPLAIN SELECT 1',
    'SELECT * FROM numbers(3)',
    "SELECT {'a': 1}['a'], [1, 2], 1e-3, 0x1F, 'it''s', 'it\\'s'",
  ]) {
    it(`runs ${JSON.stringify(sql)}`, () => assert.equal(read(sql), sql));
  }

  it('drops comments and a semicolon at the end', () => {
    assert.equal(read('SELECT /* a; INTO OUTFILE */ 1 -- b\n;  '), 'SELECT   1  \n');
  });

  for (const sql of [
    'INSERT INTO windows SELECT 1',
    'DROP TABLE windows',
    'SET readonly = 0',
    'SYSTEM SHUTDOWN',
    'USE system',
    'KILL QUERY WHERE 1',
    'EXECUTE AS default SELECT 1',
    'SELECT 1; DROP TABLE windows',
    'SELECT 1 /* */ ; SELECT 2',
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT 1 iNtO /**/ oUtFiLe '/tmp/x'",
    "SELECT file('/etc/passwd')",
    "SELECT File /* */ ('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    'SELECT "file"(\'/etc/passwd\')',
    "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
    "SELECT arrayMap(x -> FILE(x), ['/etc/passwd'])",
    "SELECT * FROM url('http://127.0.0.1/')",
    "SELECT * FROM `s3` ('x')",
    "SELECT * FROM (SELECT * FROM remote('127.0.0.1', system.one))",
    "SELECT * FROM merge('.*')",
    "SELECT aiGenerate('x')",
    '',
    '1',
  ]) {
    it(`refuses ${sql || 'nothing'}`, () => assert.throws(() => read(sql), ForbiddenQuery));
  }

  for (const sql of [
    'SELECT `fi\\x6ce`(1)',
    "SELECT $$a$$, 'b'",
    'SELECT 1 # comment',
    'SELECT 1 // comment',
    "SELECT 'open",
    'SELECT /* open',
    'SELECT `open',
    'SELECT ‘a’',
    'SELECT\u00a01',
    'SELECT \u0000 1',
  ]) {
    it(`cannot read ${JSON.stringify(sql)}`, () => assert.throws(() => tokenize(sql), SqlTextError));
  }

  it('reads any text or refuses it, and changes nothing but comments', () => {
    const fragments = fc.constantFrom(
      "'",
      '`',
      '"',
      '\\',
      '--',
      '/*',
      '*/',
      '\n',
      ' ',
      ';',
      'file',
      '(',
      ')',
      '{',
      '}',
      ':',
      'a',
      '1',
      'é',
      '//',
    );
    fc.assert(
      fc.property(fc.array(fragments, { maxLength: 12 }), (parts) => {
        const sql = parts.join('');
        try {
          const text = textOf(tokenize(sql));
          if (!sql.includes('--') && !sql.includes('/*')) assert.equal(text, sql);
          assert.equal(textOf(tokenize(text)), text, 'what is sent is what was read');
        } catch (error) {
          assert.ok(error instanceof SqlTextError);
        }
      }),
    );
  });
});

describe('parameters', () => {
  const bind = (sql: string, params: Record<string, string>): string =>
    textOf(bindParameters(tokenize(sql), new Map(Object.entries(params))));

  it('become casts of literals, and quoted names', () => {
    assert.equal(bind('SELECT {n:UInt8}', { n: '5' }), "SELECT CAST('5', 'UInt8')");
    assert.equal(bind("SELECT {t: DateTime64(3, 'UTC')}", { t: 'x' }), "SELECT CAST('x', 'DateTime64(3, \\'UTC\\')')");
    assert.equal(bind('SELECT {n:Nullable(String)}', { n: '\\N' }), "SELECT CAST(NULL, 'Nullable(String)')");
    assert.equal(bind('FROM {t:Identifier}', { t: 'a`b' }), 'FROM `a``b`');
    assert.equal(bind("SELECT {'a': 1}, '{n:UInt8}'", {}), "SELECT {'a': 1}, '{n:UInt8}'");
  });

  it('cannot leave their literal', () => {
    assert.equal(bind('SELECT {s:String}', { s: "\\'); DROP TABLE t; --\\\\" }), "SELECT CAST('\\'); DROP TABLE t; --\\\\', 'String')");
    assert.equal(bind('SELECT {s:String}', { s: "'" }), "SELECT CAST('\\'', 'String')");
  });

  it('are judged once they are bound', () => {
    const bound = bindParameters(tokenize("SELECT {f:Identifier}('/etc/passwd')"), new Map([['f', 'file']]));
    assert.throws(() => readableQuery(bound, TABLE_FUNCTIONS), ForbiddenQuery);
    assert.throws(() => bind('SELECT {f:Identifier}', { f: 'fi\\\\x6ce' }), SqlTextError);
  });

  it('must be set', () => assert.throws(() => bind('SELECT {n:UInt8}', {}), /"n" is not set: give it as param_n/));
});

describe('who may ask', () => {
  const accounts: Accounts = { owner: { username: 'tocsin', password: 'A' }, reader: { username: 'reader', password: 'B' } };

  it('takes local programs and pages only', () => {
    for (const host of ['127.0.0.1:8123', 'localhost', 'LOCALHOST:1', '[::1]:8123']) assert.ok(isLocalRequest({ host }), host);
    for (const host of [
      undefined,
      '',
      'evil.example',
      'localhost.evil.example:80',
      '127.0.0.1.evil.example',
      '10.0.0.1',
      'evil@localhost',
    ]) {
      assert.ok(!isLocalRequest({ ...(host !== undefined && { host }) }), host);
    }
    assert.ok(isLocalRequest({ host: 'localhost', origin: 'http://localhost:3000' }));
    for (const origin of ['http://evil.example', 'null', 'http://localhost.evil.example', 'file://', '']) {
      assert.ok(!isLocalRequest({ host: 'localhost', origin }), origin);
    }
    assert.ok(!isLocalRequest({ host: 'localhost', 'sec-fetch-site': 'cross-site' }));
  });

  it('takes a user and a password in the three ways of ClickHouse', () => {
    const given = { username: 'reader', password: 'B:ü' };
    const basic = `Basic ${Buffer.from('reader:B:ü').toString('base64')}`;
    assert.deepEqual(credentialsOf({ authorization: basic }, new URLSearchParams()), given);
    assert.deepEqual(credentialsOf({ 'x-clickhouse-user': 'reader', 'x-clickhouse-key': 'B:ü' }, new URLSearchParams()), given);
    assert.deepEqual(credentialsOf({}, new URLSearchParams({ user: 'reader', password: 'B:ü' })), given);
    assert.equal(credentialsOf({}, new URLSearchParams()), undefined);
  });

  it('knows each by name and password together', () => {
    assert.equal(roleOf({ username: 'tocsin', password: 'A' }, accounts), 'owner');
    assert.equal(roleOf({ username: 'reader', password: 'B' }, accounts), 'reader');
    for (const [username, password] of [
      ['tocsin', 'B'],
      ['reader', 'A'],
      ['default', ''],
      ['', ''],
      ['tocsin', ''],
    ] as const) {
      assert.equal(roleOf({ username, password }, accounts), undefined);
    }
  });
});
