/** Records for the projector's comparison with the reference: from a grammar of events, with exotic values, and with bytes changed. */
import type { Random } from '../../src/core/random.ts';

const NUMBERS = [
  ['-0', '1e400', '-1e400', '1E2', '1e+2', '01', '-01', '1.', '.5', '+1', '1e', '1e+', '--1', '-', '0x1', '1_000', '00', '0.', '0e0'],
  ['9007199254740993', '123456789012345678', '1.7976931348623157e308', '5e-324', '2.2250738585072011e-308', '0.30000000000000004'],
  ['1e22', '1e23', '123456789012345', '1234567890123456', '0.000000000000001', '8.41e21', '1e-400', '999999999999999.9', '9.5e-1'],
].flat();
const TEXTS = [
  [
    '"\\u0041"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\n\\t\\"\\\\\\/"',
    '"\\u00e9"',
    '"\\x"',
    '"\\u12"',
    '"\\u12G4"',
    '"',
    '"\\"',
    '"a\\"b"',
  ],
  ['"\u0000"', '"\u001f"', '"\u007f"', '"\u2028"', '"é"', '"한국"', '"💥"', '"tab\there"', '"line\nbreak"', '""', `"${'y'.repeat(150)}"`],
].flat();
const OTHERS = [
  ['true', 'false', 'null', 'nul', 'True', 'truer', 'NaN', 'Infinity', '-Infinity', 'undefined', '[]', '{}', '[1,]', '{"a":1,}', '{,}'],
  [
    '[1 2]',
    '{"a" 1}',
    '{"a":}',
    '[[[1]]]',
    '{"a":{"b":{"c":[]}}}',
    '',
    ' ',
    "'x'",
    '/* x */ 1',
    '[-]',
    '[1e5,"\\u1234",null]',
    '{"a":1 "b":2}',
  ],
  ['['.repeat(40) + ']'.repeat(40), '['.repeat(100) + ']'.repeat(100), '{"a":'.repeat(70) + '1' + '}'.repeat(70), '['.repeat(50)],
].flat();
const KEYS = [
  '"__proto__"',
  '"constructor"',
  '"\\u0069d"',
  '"id "',
  '""',
  '"x\u0000"',
  "'id'",
  'id',
  '"x":1,"x"',
  '"é"',
  '"\\ud800"',
  '"toString"',
  '"team"',
  '"a\\"b"',
];
const SPACES = ['', '', '', ' ', '\n', '\t', '\r', '  ', '\u000b', '\u00a0', '\ufeff', '\f'];
/** Bytes that mean something to JSON or to UTF-8. */
const BYTES = [...Buffer.from('{}[]":,\\ \n\r\t0123456789+-.eEtfnu'), 0, 0x1f, 0x7f, 0x80, 0xbf, 0xc0, 0xc3, 0xe2, 0xed, 0xf0, 0xff];

export interface DocumentMaker {
  next(): Uint8Array;
}

/** @param values per field: JSON texts, most of them valid */
export function createDocumentMaker(random: Random, values: Readonly<Record<string, readonly string[]>>): DocumentMaker {
  const fields = Object.entries(values);
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const chance = (probability: number): boolean => random.unit() < probability;
  const encoder = new TextEncoder();
  let last: Uint8Array = encoder.encode('{}');
  let order = fields;

  /** The value of a field: mostly one of its first two, which are valid. */
  function valueOf(texts: readonly string[], exotic: number, wild: number): string {
    if (chance(exotic)) return pick(pick([NUMBERS, TEXTS, OTHERS]));
    return chance(wild) ? pick(texts) : texts[random.below(Math.min(2, texts.length))]!;
  }

  function text(): string {
    // Keys keep their order for a while, as they do with real producers.
    if (chance(0.02)) order = [...fields].sort(() => random.unit() - 0.5);
    const spaced = chance(0.2);
    const space = (): string => (spaced ? pick(SPACES.slice(0, 8)) : chance(0.002) ? pick(SPACES) : '');
    const exotic = chance(0.3) ? 0.06 : 0;
    const wild = pick([0, 0.1, 0.3]);
    const absent = chance(0.3) ? 0.15 : 0;
    const members: string[] = [];
    for (const [name, texts] of order) {
      if (chance(absent)) continue;
      members.push(`${space()}${JSON.stringify(name)}${space()}:${space()}${valueOf(texts, exotic, wild)}${space()}`);
    }
    if (chance(0.1)) members.splice(random.below(members.length + 1), 0, `${pick(KEYS)}:${pick(pick([NUMBERS, TEXTS, OTHERS]))}`);
    if (chance(0.1)) members.splice(random.below(members.length + 1), 0, `"other${random.below(400)}":${pick(['1', '"x"', '{"a":[]}'])}`);
    // A field a second time, with another value.
    if (chance(0.08)) {
      const [name, texts] = pick(fields);
      members.splice(random.below(members.length + 1), 0, `${JSON.stringify(name)}:${valueOf(texts, 0.2, 0.5)}`);
    }
    return `${space()}{${members.join(',')}}${space()}`;
  }

  function changed(bytes: Uint8Array): Uint8Array {
    const at = random.below(bytes.length + 1);
    const to = Math.min(bytes.length, at + random.below(chance(0.5) ? 3 : 40));
    const head = bytes.subarray(0, at);
    switch (random.below(6)) {
      case 0:
        return Buffer.concat([head, Uint8Array.of(pick(BYTES)), bytes.subarray(at + 1)]);
      case 1:
        return Buffer.concat([head, bytes.subarray(to)]);
      case 2:
        return Buffer.concat([head, bytes.subarray(at, to), bytes.subarray(at)]);
      case 3:
        return Buffer.concat([head, Uint8Array.of(chance(0.7) ? pick(BYTES) : random.below(256)), bytes.subarray(at)]);
      case 4:
        return Buffer.concat([head, last.subarray(Math.min(last.length, at))]);
      default:
        return chance(0.5) ? head : Buffer.concat([bytes, bytes.subarray(to)]);
    }
  }

  return {
    next() {
      let bytes: Uint8Array = encoder.encode(text());
      if (chance(0.18)) for (let times = 1 + random.below(2); times > 0; times--) bytes = changed(bytes);
      last = bytes;
      return bytes;
    },
  };
}
