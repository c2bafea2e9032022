/** YAML to a plain value, and back from a path in it to the line and column where it stands. */
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, ErrorCode, Node, YAMLError } from 'yaml';
import { AppError } from '../core/errors.ts';
import type { Path } from './problem.ts';

export interface YamlText {
  readonly value: unknown;
  /** Line and column (from 1) of what the path leads to, or of as much of it as there is. */
  locate(path: Path, atKey: boolean): { readonly line: number; readonly column: number };
}

/** An anchor may be used often, but what it expands to in all stays in proportion to what a person writes. */
const ALIASES_MAX = 100;
const SHOWN_MAX = 5;

const EXPLAINED: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'found a tab as indentation; expected spaces',
  MULTIPLE_DOCS: 'found a second document (after ---); expected one pipeline in a file',
  NON_STRING_KEY: 'found a key that is not a text; expected a name',
  MULTILINE_IMPLICIT_KEY:
    'found a line without a key and its colon; expected `key: value`, with a space between, and within braces or brackets a comma before the next',
};
const TOO_DEEP = 'found a key further in than the one above it, which has its value already; expected both at the same column';
const SECOND_KEY = 'found a second key on the line; expected a line for each, braces around them ({ key: value }), or quotes around a text';
const UNEVEN = 'found a key that begins at another column than what stands above it in its block; expected the same column';

/** @throws AppError `config_invalid` with file, line and column */
export function parseYaml(text: string, file: string): YamlText {
  const lineCounter = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  let doc: Document.Parsed;
  try {
    doc = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, uniqueKeys: true, version: '1.2' });
  } catch (cause) {
    // Nesting too deep for the parser's stack.
    throw new AppError('config_invalid', `${file}: cannot be read as YAML: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  // Where the structure is broken, all that follows is a guess; keys given twice stand each for itself.
  const faults = [...doc.errors, ...doc.warnings];
  const broken = faults.find((fault) => fault.code !== 'DUPLICATE_KEY');
  const shown = broken === undefined ? faults.slice(0, SHOWN_MAX) : [broken];
  if (shown.length > 0) {
    const lines = shown.map((fault) => {
      const { offset, detail } = explain(fault, faults, text);
      return `${at(offset)}: ${detail}`;
    });
    throw new AppError('config_invalid', lines.join('\n'));
  }
  let value: unknown;
  try {
    value = doc.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    const isAliases = /alias/i.test(String(cause));
    const detail = isAliases ? 'found aliases (*name) that expand to too much; expected them written out' : `not YAML: ${String(cause)}`;
    throw new AppError('config_invalid', `${isAliases ? at(firstAlias(doc)) : file}: ${detail}`, { cause });
  }
  const proto = findProto(doc.contents);
  if (proto !== undefined) throw new AppError('config_invalid', `${at(proto)}: found the key "__proto__"; expected another name`);

  return {
    value,
    locate(path, atKey) {
      const { line, col } = lineCounter.linePos(offsetOf(doc, path, atKey));
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    },
  };
}

/** Where a person has to mend it, and what was found there: the parser names the beginning of what it could not go on with. */
function explain(fault: YAMLError, faults: readonly YAMLError[], text: string): { readonly offset: number; readonly detail: string } {
  const { code, message, pos } = fault;
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && message.startsWith('Nested mappings')) {
    // A text goes on in lines that are further in, so that the line with a colon made a key of all of it.
    // The one begins with an anchor or tag, the other behind it.
    const key = faults.find((other) => other.code === 'MULTILINE_IMPLICIT_KEY' && other.pos[0] >= pos[0]);
    if (!key) return { offset: pos[0], detail: SECOND_KEY };
    return { offset: contentAfter(text.lastIndexOf('\n', key.pos[1] - 1) + 1, text), detail: TOO_DEEP };
  }
  if (code === 'BAD_INDENT' && message.startsWith('All mapping items')) return { offset: contentAfter(pos[0], text), detail: UNEVEN };
  if (code === 'DUPLICATE_KEY') {
    const key = /^(?:"[^"\n]*"|'[^'\n]*'|[^:\n]+?)(?=\s*:)/.exec(text.slice(pos[0]))?.[0] ?? 'a key';
    return { offset: pos[0], detail: `found ${key} twice in the same block; expected each key once` };
  }
  return { offset: pos[0], detail: EXPLAINED[code] ?? `not YAML: ${message}` };
}

/** Offset of what follows the space, blank lines and comments that are there. */
function contentAfter(offset: number, text: string): number {
  return offset + (/^(?:[ \t]*(?:#.*)?\r?\n)*[ \t]*/.exec(text.slice(offset))?.[0].length ?? 0);
}

function offsetOf(doc: Document.Parsed, path: Path, atKey: boolean): number {
  let node: Node | null | undefined = doc.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(doc);
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      const key = pair.key as Node;
      const value = pair.value as Node | null;
      const isLast = index === path.length - 1;
      // A block's own start is its first key: its name says better where it stands.
      const onKey = (isLast && atKey) || value === null || (isMap(value) && value.flow !== true);
      offset = (onKey ? key : value)?.range?.[0] ?? offset;
      node = value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step] as Node | undefined;
      if (node === undefined) break;
      offset = node.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

function firstAlias(doc: Document.Parsed): number {
  let offset = 0;
  visit(doc, {
    Alias: (_key, alias) => {
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

/** Offset of a key that plain objects cannot hold like any other. */
function findProto(node: unknown): number | undefined {
  if (isSeq(node)) return firstDefined(node.items.map(findProto));
  if (!isMap(node)) return undefined;
  return firstDefined(
    node.items.map((pair) => (isScalar(pair.key) && pair.key.value === '__proto__' ? (pair.key.range?.[0] ?? 0) : findProto(pair.value))),
  );
}

function firstDefined(values: (number | undefined)[]): number | undefined {
  return values.find((value) => value !== undefined);
}
