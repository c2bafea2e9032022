/**
 * What a read-only user may run, judged before the engine sees it. The engine has walls of its own (grants without files and
 * network, `readonly`); this closes what they leave open: writing files from SELECT, functions that read files, several statements.
 */
import { READABLE_SYSTEM_TABLES } from './engine-config.ts';
import { isMark, nameOf, textOf, type Token } from './sql-text.ts';

export class ForbiddenQuery extends Error {
  override readonly name = 'ForbiddenQuery';
}

const FIRST_WORDS = new Set(['select', 'with', 'show', 'describe', 'desc', 'exists', 'explain']);
/** Table functions that read nothing but their own arguments. */
export const HARMLESS_TABLE_FUNCTIONS: readonly string[] = [
  'numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'generateSeries', 'generate_series', 'values', 'null', 'format', 'view', 'primes',
]; // prettier-ignore
/** Words that write or read files on the side of the client library. */
const CLIENT_FILES = new Set(['outfile', 'infile']);
/** Functions that read files, ask the network or a model; also without parentheses, as in `APPLY file`. */
const FORBIDDEN_FUNCTIONS =
  /^(file|catboostevaluate|reversednsquery|ai[a-z]+|filesystem(available|capacity|unreserved)|getmacro|showcertificate|logtrace|eval)$/;

/**
 * @param tokens the query with its parameters already bound
 * @param tableFunctions names of the engine's table functions, lower case
 * @returns the text to run
 * @throws ForbiddenQuery
 */
export function readableQuery(tokens: readonly Token[], tableFunctions: ReadonlySet<string>): string {
  const statement = withoutTrailingSemicolon(tokens);
  const parts = statement.filter(({ kind }) => kind !== 'space');
  const first = parts.find((token) => !isMark(token, '('));
  if (first?.kind !== 'word' || !FIRST_WORDS.has(first.text.toLowerCase())) {
    throw new ForbiddenQuery('the read-only user may run SELECT, WITH, SHOW, DESCRIBE, EXISTS and EXPLAIN only');
  }
  for (const [index, token] of parts.entries()) {
    if (isMark(token, ';')) throw new ForbiddenQuery('one statement at a time');
    if (token.kind !== 'word' && token.kind !== 'quoted') continue;
    const name = nameOf(token).toLowerCase();
    if (token.kind === 'word' && CLIENT_FILES.has(name)) throw new ForbiddenQuery(`${token.text} is not allowed`);
    // Below the top level the engine lets a query change its limits even where it is read-only.
    if (token.kind === 'word' && name === 'settings' && !isMark(parts[index - 1], '.')) throw new ForbiddenQuery('SETTINGS is not allowed');
    if (token.kind === 'word' && name === 'processlist') throw new ForbiddenQuery('SHOW PROCESSLIST is not allowed');
    if (name === 'system' && isMark(parts[index + 1], '.') && !READABLE_SYSTEM_TABLES.includes(nameOf(parts[index + 2] ?? token))) {
      throw new ForbiddenQuery(`of the system tables only ${READABLE_SYSTEM_TABLES.join(', ')} may be read`);
    }
    if (FORBIDDEN_FUNCTIONS.test(name)) throw new ForbiddenQuery(`the function ${name} is not allowed`);
    if (tableFunctions.has(name) && isMark(parts[index + 1], '(')) {
      throw new ForbiddenQuery(`the table function ${name} is not allowed`);
    }
  }
  return textOf(statement);
}

/** For the engine's own list: what of it a reader may not call. */
export function forbiddenTableFunctions(names: readonly string[]): Set<string> {
  const harmless = new Set(HARMLESS_TABLE_FUNCTIONS.map((name) => name.toLowerCase()));
  return new Set(names.map((name) => name.toLowerCase()).filter((name) => !harmless.has(name)));
}

function withoutTrailingSemicolon(tokens: readonly Token[]): readonly Token[] {
  const last = tokens.findLastIndex(({ kind }) => kind !== 'space');
  return isMark(tokens[last], ';') ? tokens.slice(0, last) : tokens;
}
