/**
 * SQL as tokens: enough to bind parameters and to judge what a reader may run. Not a parser. What it cannot tell for certain it
 * refuses, and comments are dropped from what is sent on, so that nothing can hide where this and the engine would disagree.
 */
export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'other' | 'space';

export interface Token {
  readonly kind: TokenKind;
  /** As written; a comment is a `space` of one blank. */
  readonly text: string;
}

export class SqlTextError extends Error {
  override readonly name = 'SqlTextError';
}

/** The order matters: comments before operators, and a string ends at its own quote only, after escapes. */
const TOKEN =
  /(?<comment>--[^\n]*|\/\*[^]*?\*\/)|(?<space>[ \t\r\n]+)|(?<string>'(?:[^'\\]|\\[^]|'')*')|(?<quoted>`(?:[^`\\]|``)*`|"(?:[^"\\]|"")*")|(?<number>(?:\d[\w.]*(?:(?<=[eE])[+-]\d+)?))|(?<word>[A-Za-z_]\w*)|(?<other>[()[\]{},;:.=<>!+*/%?|^&@~-])/y;

/**
 * @throws SqlTextError on what is not in the grammar above: an unclosed string or comment, a backslash within a quoted name,
 * heredocs, `#` and `//` comments, control characters, letters beyond ASCII outside strings.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < sql.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(sql)?.groups;
    if (!groups || sql.startsWith('/*', at) !== (groups['comment']?.startsWith('/*') ?? false) || sql.startsWith('//', at)) {
      throw new SqlTextError(`cannot read the query at character ${at + 1}: ${JSON.stringify(sql.slice(at, at + 20))}`);
    }
    if (groups['comment'] !== undefined) tokens.push({ kind: 'space', text: ' ' });
    else {
      const kind = (['space', 'string', 'quoted', 'number', 'word', 'other'] as const).find((name) => groups[name] !== undefined)!;
      tokens.push({ kind, text: groups[kind]! });
    }
  }
  return tokens;
}

export function textOf(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join('');
}

/** The name a word or a quoted name stands for. */
export function nameOf(token: Token): string {
  if (token.kind !== 'quoted') return token.text;
  const quote = token.text[0]!;
  return token.text.slice(1, -1).replaceAll(quote + quote, quote);
}

export function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'other' && token.text === text;
}

/**
 * Puts values in for `{name:Type}`, as ClickHouse does with `param_name`: as a cast of a literal (`Identifier`: as a quoted name).
 * The embedded engine's own binding is one for the whole process: two queries at a time would mix theirs up.
 * @param params values in ClickHouse's escaped text form (`\t`, `\n`, `\\`, `\'`; `\N` is NULL)
 */
export function bindParameters(tokens: readonly Token[], params: ReadonlyMap<string, string>): Token[] {
  const bound: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    const end = isMark(token, '{') ? placeholderEnd(tokens, at) : undefined;
    if (end === undefined) {
      bound.push(token);
      continue;
    }
    const name = tokens[at + 1]!.text;
    const type = textOf(tokens.slice(at + 3, end)).trim();
    const value = params.get(name);
    if (value === undefined) throw new SqlTextError(`parameter "${name}" is not set: give it as param_${name}`);
    if (type === 'Identifier') bound.push({ kind: 'quoted', text: quotedName(unescape(value)) });
    else bound.push(...tokenize(`CAST(${value === '\\N' ? 'NULL' : literal(unescape(value))}, ${literal(type)})`));
    at = end;
  }
  return bound;
}

/** `{ word : ... }`; a map literal starts with a string or has no colon after a lone word. */
function placeholderEnd(tokens: readonly Token[], at: number): number | undefined {
  if (tokens[at + 1]?.kind !== 'word' || !isMark(tokens[at + 2], ':')) return undefined;
  const end = tokens.findIndex((token, index) => index > at && isMark(token, '}'));
  return end === -1 ? undefined : end;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', '0': '\0' };

function unescape(value: string): string {
  return value.replace(/\\([^])/g, (_, char: string) => ESCAPES[char] ?? char);
}

function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function quotedName(name: string): string {
  if (!/^[\x20-\x7e]*$/.test(name) || name.includes('\\')) throw new SqlTextError(`"${name}" cannot be a name here`);
  return `\`${name.replaceAll('`', '``')}\``;
}
