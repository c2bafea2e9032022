import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { createHider } from './secrets.ts';

const url = new URL('https://hooks.example/services/T0/B012345/tok%2Fen-%C3%A9t%C3%A9?key=s3cr%2Bet%20key&v=1&flagged');
const hide = (text: string, values: string[] = [], isCut = false): string => createHider(url, values).hide(text, isCut);

test('parts of the address are hidden, short ones apart', () => {
  assert.equal(hide('no T0 at services or B012345, v=1'), 'no T0 at [hidden] or [hidden], v=1');
  assert.equal(hide('bad s3cr%2Bet%20key, s3cr+et key and "flagged"'), 'bad [hidden], [hidden] and "[hidden]"');
  assert.equal(hide('Cannot POST /services/T0/B012345/tok%2Fen-%C3%A9t%C3%A9 (404)'), 'Cannot POST [hidden] (404)');
  assert.equal(hide('nothing of it'), 'nothing of it');
  const bot = createHider(new URL('https://h/bot12345:ABC-DEF_g/send'), []);
  assert.equal(bot.hide('bot12345 of ABC-DEF_g: send', false), '[hidden] of [hidden]: send');
});

test('encodings hide nothing from it, also one within the other', () => {
  for (const text of [
    String.raw`\/services\/T0\/B012345\/tok\/en-été`,
    String.raw`\u002fservices\u002FT0\/B012345\x2ftok\/en-\u00e9t\u00E9`,
    String.raw`\\\/services\\\/T0\\\/B012345\\\/tok%252Fen-%25C3%25A9t%25C3%25A9`,
    '&#x2F;services&#47;T0&#x2f;B012345&#x2F;tok&#x2F;en-&#233;t&#xe9;',
    '%2Fservices%2FT0%2FB012345%2Ftok%252Fen-%25C3%25A9t%25C3%25A9',
  ]) {
    assert.equal(hide(`at ${text}.`), 'at [hidden].', text);
  }
  assert.equal(hide('s3cr&amp;#43;et key'), '[hidden]');
  assert.equal(hide('what is no character stays: %ff %c0%80 &#9999999; \\u12'), 'what is no character stays: %ff %c0%80 &#9999999; \\u12');
});

test('of a header’s value the part behind its scheme is hidden too, and what it consists of', () => {
  assert.equal(hide('wrong token abcd1234', ['Bearer abcd1234']), 'wrong token [hidden]');
  assert.equal(hide('Bearer expected', ['Bearer abcd1234']), 'Bearer expected');
  assert.equal(hide('abcd1234 and 9876zyxw', ['Token id=abcd1234, sig="9876zyxw"']), '[hidden] and [hidden]');
  const basic = `Basic ${Buffer.from('somebody:pass word').toString('base64')}`;
  assert.equal(hide(`${basic}: not pass word`, [basic]), '[hidden]: not [hidden]');
  assert.equal(hide('ab', ['ab']), '[hidden]');
});

test('of a text that breaks off within a secret the beginning is hidden', () => {
  assert.equal(hide('at services, B01234', [], true), 'at [hidden], [hidden]');
  assert.equal(hide('at tok%2Fen-%C3', [], true), 'at [hidden]');
  assert.equal(hide('at B01234', [], false), 'at B01234');
});

const plain = 'ABCDEFGHabcdefgh0123456789-_.~';
const odd = '+/&<>"\'\\%=#;é한 ';
const secret = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet), minLength: 6, maxLength: 24 });
const noise = fc.string({ unit: fc.constantFrom('x', ' ', '/', '\\', '"', ':', '%', '&', 'u', '0', '\n'), maxLength: 6 });
const encodings: readonly ((text: string) => string)[] = [
  (text) => text,
  encodeURIComponent,
  (text) => JSON.stringify(text).slice(1, -1),
  (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replaceAll('/', String.raw`\/`),
  (text) => text.replace(/[^\w]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  (text) => text.replace(/[&<>"'/]/g, (char) => `&#x${char.charCodeAt(0).toString(16)};`),
];

test('whatever an answer quotes of an address and its headers, no secret is to be seen', () => {
  fc.assert(
    fc.property(
      fc.array(secret(plain + odd), { minLength: 1, maxLength: 4 }),
      secret(plain + odd),
      secret(plain),
      fc.array(fc.tuple(noise, fc.nat(), fc.constantFrom(...encodings), fc.constantFrom(...encodings)), { minLength: 1, maxLength: 8 }),
      noise,
      (segments, value, token, quoted, end) => {
        // White space at an end would not be sent; a dot alone would be resolved.
        const parts = [...segments.map((segment) => `s${segment.trim()}e${'-'.repeat(6)}`), `v${value}v`, `t${token}`];
        const path = parts.slice(0, -2).map(encodeURIComponent).join('/');
        const address = new URL(`https://h/${path}?key=${encodeURIComponent(parts.at(-2)!)}`);
        const secrets = [...parts, address.pathname, address.href];
        const text = quoted.map(([before, which, inner, outer]) => before + outer(inner(secrets[which % secrets.length]!))).join('') + end;
        const shown = createHider(address, [`Bearer ${parts.at(-1)!}`]).hide(text, false);
        // The same encodings of each, looked for one by one.
        for (const part of parts) {
          for (const inner of encodings) {
            for (const outer of encodings)
              assert.ok(!shown.includes(outer(inner(part))), `${JSON.stringify(part)} in ${JSON.stringify(shown)}`);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});
