/**
 * The regular expressions that can be run over bytes: literals, classes, groups, alternatives and counts of ASCII, anchored at the ends or
 * not. Whatever else a pattern may contain (references, look-around, `\\b`, `\\p`) makes it none of these.
 */
export type Pattern =
  /** A byte of the set: element `b` is 1 for those in it, `b` below 128. */
  | { readonly kind: 'set'; readonly bytes: Uint8Array }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'either'; readonly parts: readonly Pattern[] }
  /** `most` Infinity: without end. */
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly least: number; readonly most: number };

export interface AnchoredPattern {
  readonly pattern: Pattern;
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

const COUNT_MAX = 300;
const DEPTH_MAX = 20;

/** Thrown and caught within this file. */
class NotUnderstood extends Error {}

/** @param source valid with the flag `u`; undefined where there is something in it that is not understood here */
export function parsePattern(source: string): AnchoredPattern | undefined {
  const fromStart = source.startsWith('^');
  const toEnd = /(?<!\\)(?:\\\\)*\$$/.test(source);
  const body = source.slice(fromStart ? 1 : 0, toEnd ? -1 : undefined);
  try {
    const reader = createReader(body);
    const pattern = reader.alternatives(0);
    // An anchor belongs to its alternative alone.
    if (!reader.atEnd() || (pattern.kind === 'either' && (fromStart || toEnd))) return undefined;
    return { pattern, fromStart, toEnd };
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

function createReader(source: string) {
  let at = 0;

  function alternatives(depth: number): Pattern {
    if (depth > DEPTH_MAX) throw new NotUnderstood();
    const parts = [sequence(depth)];
    while (source[at] === '|') {
      at++;
      parts.push(sequence(depth));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'either', parts };
  }

  function sequence(depth: number): Pattern {
    const parts: Pattern[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(counted(atom(depth)));
    return { kind: 'sequence', parts };
  }

  function atom(depth: number): Pattern {
    const character = source[at++]!;
    if (character === '(') {
      if (source[at] === '?') {
        if (source[at + 1] !== ':') throw new NotUnderstood();
        at += 2;
      }
      const group = alternatives(depth + 1);
      if (source[at++] !== ')') throw new NotUnderstood();
      return group;
    }
    if (character === '[') return { kind: 'set', bytes: classSet() };
    if (character === '.') return { kind: 'set', bytes: setOf((byte) => byte !== 0x0a && byte !== 0x0d) };
    if (character === '\\') return { kind: 'set', bytes: escaped() };
    if ('^$*+?{}]|)'.includes(character)) throw new NotUnderstood();
    return { kind: 'set', bytes: one(character) };
  }

  /** How often what was read comes; greedy or not makes no difference to whether there is a match. */
  function counted(part: Pattern): Pattern {
    const braces = /^\{(\d+)(?:(,)(\d*))?\}/.exec(source.slice(at, at + 12));
    let [least, most] = [1, 1];
    if (source[at] === '*') [least, most] = [0, Infinity];
    else if (source[at] === '+') [least, most] = [1, Infinity];
    else if (source[at] === '?') [least, most] = [0, 1];
    else if (braces) {
      least = Number(braces[1]);
      most = braces[2] === undefined ? least : braces[3] === '' ? Infinity : Number(braces[3]);
    } else return part;
    at += braces ? braces[0].length : 1;
    if (source[at] === '?') at++;
    if (least > COUNT_MAX || (most > COUNT_MAX && most !== Infinity)) throw new NotUnderstood();
    return { kind: 'repeat', part, least, most };
  }

  function escaped(): Uint8Array {
    const character = source[at++] ?? '';
    const known = ESCAPES[character];
    if (known) return known;
    // With the flag `u` only these may be escaped for themselves.
    if (!'^$\\.*+?()[]{}|/-'.includes(character)) throw new NotUnderstood();
    return one(character);
  }

  function classSet(): Uint8Array {
    const negated = source[at] === '^';
    if (negated) at++;
    const set = new Uint8Array(128);
    while (source[at] !== ']') {
      if (at >= source.length) throw new NotUnderstood();
      const first = classAtom();
      if (source[at] === '-' && source[at + 1] !== ']') {
        at++;
        const [from, to] = [single(first), single(classAtom())];
        for (let byte = from; byte <= to; byte++) set[byte] = 1;
      } else for (let byte = 0; byte < 128; byte++) set[byte]! |= first[byte]!;
    }
    at++;
    return negated ? setOf((byte) => set[byte] === 0) : set;
  }

  function classAtom(): Uint8Array {
    const character = source[at++] ?? '';
    if (character === '\\') return escaped();
    return one(character);
  }

  return { alternatives, atEnd: () => at === source.length };
}

function setOf(has: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, byte) => (has(byte) ? 1 : 0));
}

function one(character: string): Uint8Array {
  const code = character.charCodeAt(0);
  if (!(code < 128)) throw new NotUnderstood();
  return setOf((byte) => byte === code);
}

/** The only byte of a set. */
function single(set: Uint8Array): number {
  const first = set.indexOf(1);
  if (first !== set.lastIndexOf(1)) throw new NotUnderstood();
  return first;
}

/** Among ASCII, that is: a text with other characters is not judged here. */
function matching(pattern: RegExp): Uint8Array {
  return setOf((byte) => pattern.test(String.fromCharCode(byte)));
}

const ESCAPES: Readonly<Record<string, Uint8Array>> = {
  d: matching(/\d/),
  D: matching(/\D/),
  w: matching(/\w/),
  W: matching(/\W/),
  s: matching(/\s/),
  S: matching(/\S/),
  n: matching(/\n/),
  r: matching(/\r/),
  t: matching(/\t/),
  f: matching(/\f/),
  v: matching(/\v/),
};
