/**
 * Keeps the secrets of a receiver out of what is shown of an answer: the path and the query of its address, the values of its headers,
 * its keys. An answer may quote them whole or in parts, and encoded (`%2F`, `\/`, `\u002f`, `&#x2F;`), also one within the other.
 */

/** Shorter parts of a secret are not hidden: `v1` and `api` stand in many an answer. */
const PART_CHARS_MIN = 6;
/** A key or an address is hidden whole from this length on. */
const WHOLE_CHARS_MIN = 2;
/** Encodings within encodings are taken off so often. */
const LAYERS_MAX = 3;
const HIDDEN = '[hidden]';

/** Encoded characters: percent-encoded UTF-8, escapes of JSON and JavaScript, entities of HTML. */
const ENCODINGS = [
  /%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}/giu,
  /\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[!-/:-@[-`{-~]/giu,
  /&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-f]{1,6});/giu,
] as const;
/** The beginning of one at the end of a text that breaks off. */
const BROKEN_END = /(?:%[0-9a-f%]{0,10}|\\[ux]?[0-9a-f]{0,3}|&#?[0-9a-z]{0,7}|\ufffd)$/iu;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export interface Hider {
  /** @param isCut the text may break off within a secret: then its beginning at the end of the text is hidden too */
  hide(text: string, isCut: boolean): string;
}

/** @param values header values, keys: hidden whole and in parts */
export function createHider(url: URL, values: readonly string[]): Hider {
  const whole = [url.href, url.pathname + url.search, url.pathname, url.search.slice(1), ...values];
  const parts = [...addressParts(url), ...values.flatMap(valueParts)];
  const secrets = new Set([...withReadings(whole, WHOLE_CHARS_MIN), ...withReadings(parts, PART_CHARS_MIN)]);
  return {
    hide(answer, isCut) {
      const text = isCut ? answer.replace(BROKEN_END, '') : answer;
      const spans = readingsOf(text).flatMap((reading) =>
        [...secrets].flatMap((secret) => [...spansOf(secret, reading), ...(isCut ? beginningOf(secret, reading) : [])]),
      );
      return withoutSpans(text, spans);
    },
  };
}

/** Segments and their parts (`bot<token>` is one, `id:token` are two), the values of the query, and names in it that have none. */
function addressParts(url: URL): string[] {
  const query = [...url.searchParams].map(([name, value]) => value || name);
  const encoded = url.search
    .slice(1)
    .split('&')
    .map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [...textsOf(url.pathname).flatMap((path) => path.split(/[/!$&'()*+,;=:@]/)), ...query, ...encoded];
}

/** `Bearer x` -> `x`; `token=x, sig="y"` -> also `x` and `y`; `Basic …` also as the name and the password that it holds. */
function valueParts(value: string): string[] {
  const credentials = /^\S+\s+(\S.*)$/s.exec(value)?.[1] ?? value;
  const basic = /^basic\s/i.test(value) ? Buffer.from(credentials, 'base64').toString() : '';
  return [credentials, ...credentials.split(/[\s,;="&]+/), basic, basic.slice(basic.indexOf(':') + 1)];
}

function withReadings(secrets: readonly string[], charsMin: number): string[] {
  return secrets.flatMap(textsOf).filter((text) => text.length >= charsMin);
}

/** A text with some encodings taken off; each UTF-16 unit of it stands at `from` to `to` of the text as it came. */
interface Reading {
  readonly text: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * As it stands, and with encodings taken off, one layer of one kind at a time, in every order: what looks encoded may be so by chance,
 * and to take that off too would change what stands there.
 */
function readingsOf(text: string): Reading[] {
  const units = Array.from({ length: text.length }, (_, index) => index);
  const readings = new Map<string, Reading>([[text, { text, from: units, to: units.map((index) => index + 1) }]]);
  let outer = [...readings.values()];
  for (let layer = 0; layer < LAYERS_MAX; layer++) {
    const inner = outer.flatMap((reading) => ENCODINGS.map((encoding) => decoded(reading, encoding)));
    outer = inner.filter((reading) => !readings.has(reading.text) && readings.set(reading.text, reading));
  }
  return [...readings.values()];
}

function textsOf(text: string): string[] {
  return readingsOf(text).map((reading) => reading.text);
}

function decoded({ text, from, to }: Reading, encoding: RegExp): Reading {
  let read = '';
  const starts: number[] = [];
  const ends: number[] = [];
  const add = (plain: string, begin: number, end: number): void => {
    read += plain;
    for (let i = 0; i < plain.length; i++) {
      starts.push(from[begin]!);
      ends.push(to[end - 1]!);
    }
  };
  let at = 0;
  for (const { 0: token, index } of text.matchAll(encoding)) {
    for (; at < index; at++) add(text[at]!, at, at + 1);
    at = index + token.length;
    add(characterOf(token), index, at);
  }
  for (; at < text.length; at++) add(text[at]!, at, at + 1);
  return { text: read, from: starts, to: ends };
}

/** What is no character after all (`%c0%80`) stays as it is. */
function characterOf(token: string): string {
  try {
    if (token.startsWith('%')) return decodeURIComponent(token);
    if (/^\\[ux][0-9a-f]/i.test(token)) return String.fromCharCode(Number.parseInt(token.slice(2), 16));
    if (token.startsWith('\\')) return token.slice(1);
    const name = token.slice(1, -1).toLowerCase();
    if (!name.startsWith('#')) return ENTITIES[name] ?? token;
    return String.fromCodePoint(name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
  } catch {
    return token;
  }
}

type Span = readonly [from: number, to: number];

function spansOf(secret: string, { text, from, to }: Reading): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) spans.push([from[at]!, to[at + secret.length - 1]!]);
  return spans;
}

function beginningOf(secret: string, { text, from, to }: Reading): Span[] {
  for (let chars = Math.min(secret.length - 1, text.length); chars >= PART_CHARS_MIN; chars--) {
    // The last character first: most fail there, and a secret may be long.
    if (secret[chars - 1] === text.at(-1) && text.endsWith(secret.slice(0, chars)))
      return [[from[text.length - chars]!, to[text.length - 1]!]];
  }
  return [];
}

function withoutSpans(text: string, spans: Span[]): string {
  let shown = '';
  let at = 0;
  // The longest first of those that begin together; one within another, or across its end, is hidden with it.
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    if (from > at || (from === at && at === 0)) shown += text.slice(at, from) + HIDDEN;
    at = Math.max(at, to);
  }
  return shown + text.slice(at);
}
