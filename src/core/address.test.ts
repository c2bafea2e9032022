import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hideSecrets, readPem, splitLogin } from './address.ts';
import { AppError } from './errors.ts';

const wrong = (found: string, expected: string): AppError => new AppError('usage', `${found}; ${expected}`);
const says = (message: RegExp) => ({ code: 'usage', message });

test('user and password are taken apart at the first colon, and decoded', () => {
  assert.deepEqual(splitLogin(undefined, 'x://', wrong), []);
  assert.deepEqual(splitLogin('me', 'x://', wrong), ['me']);
  assert.deepEqual(splitLogin('me:a:b', 'x://', wrong), ['me', 'a:b']);
  assert.deepEqual(splitLogin(':p%40ss', 'x://', wrong), ['', 'p@ss']);
  assert.throws(() => splitLogin('me:100%', 'x://', wrong), says(/in x:\/\/ has a % that encodes nothing; %25/));
});

test('an address is shown without its login', () => {
  assert.equal(hideSecrets('x://me:secret@host:1/a'), 'x://…@host:1/a');
  assert.equal(hideSecrets('x://host:1/a'), 'x://host:1/a');
});

test('a file that is missing, or holds something else than PEM, is named', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
  assert.equal(
    readPem('ca', 'a.pem', () => pem, wrong),
    pem,
  );
  const missing = (): string => {
    throw Object.assign(new Error('gone'), { code: 'ENOENT' });
  };
  assert.throws(() => readPem('ca', 'a.pem', missing, wrong), says(/ca=a\.pem cannot be read \(ENOENT\)/));
  assert.throws(() => readPem('key', 'a.der', () => '0\x82', wrong), says(/key=a\.der is not in PEM format/));
});
