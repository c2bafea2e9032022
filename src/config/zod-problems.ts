/** What zod finds wrong, in the words of a pipeline file's messages. */
import { z } from 'zod';
import { nearest } from './nearest.ts';
import { describe, unknownName, type Path, type Problem } from './problem.ts';
import { plural } from '../core/counted.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: Problem[] };

export function checkWith<Schema extends z.ZodType>(schema: Schema, value: unknown): Checked<z.output<Schema>> {
  const result = schema.safeParse(value, { error: messageOf, reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, value, []));
  return { ok: false, problems: problems.filter((problem) => !isMisnamed(problem, problems, value)) };
}

/** It is missing because it stands there under a name that is nearly right, which is told already. */
function isMisnamed({ path, atKey }: Problem, problems: readonly Problem[], root: unknown): boolean {
  if (atKey || path.length === 0 || valueAt(root, path) !== undefined) return false;
  const parent = JSON.stringify(path.slice(0, -1));
  const meant = `did you mean ${JSON.stringify(path.at(-1))}?`;
  return problems.some((other) => other.atKey && JSON.stringify(other.path.slice(0, -1)) === parent && other.message.endsWith(meant));
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a block of keys',
  record: 'a block of keys',
};

/** The "expected ..." of an issue; called by zod while the schema at fault is still at hand. */
function messageOf(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return patternMessage(issue) ?? `expected ${TYPE_WORDS[issue.expected] ?? issue.expected}${listOfOne(issue)}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      const meant = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
      return `expected ${values.join(' or ')}${meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`}`;
    }
    case 'too_small':
      return `expected ${bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `expected ${bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'unrecognized_keys': {
      const shape = issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [];
      // One text per key, taken apart again in `problemsOf`.
      return JSON.stringify(issue.keys.map((key) => unknownName(key, 'one of', shape).replace('one of: ', 'one of ')));
    }
    default:
      return 'expected another value';
  }
}

/** A name or number that stands where a list is due lacks no more than the brackets. */
function listOfOne({ expected, input }: { readonly expected?: unknown; readonly input?: unknown }): string {
  if (expected !== 'array' || (typeof input !== 'string' && typeof input !== 'number')) return '';
  return /^[\w.-]+$/.test(String(input)) ? `: [${input}]` : '';
}

/** Of a text with a pattern, what the pattern stands for: `50` where a percentage is due lacks its sign. */
function patternMessage(issue: RawIssue): string | undefined {
  if (!(issue.inst instanceof z.ZodString)) return undefined;
  // The one place where zod keeps what a check was told to say.
  for (const { _zod: internals } of issue.inst.def.checks ?? []) {
    const message = internals.def.error?.(issue as never);
    if (typeof message === 'string') return message;
  }
  return undefined;
}

function bound(origin: string, words: string, limit: number | bigint): string {
  if (origin === 'string') return `${words} ${limit} ${plural(Number(limit), 'character')}`;
  if (origin === 'array' || origin === 'set') return `${words} ${limit} ${plural(Number(limit), 'entry', 'entries')}`;
  return `${words} ${limit}`;
}

function problemsOf(issue: Issue, root: unknown, base: Path): Problem[] {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
  if (issue.code === 'unrecognized_keys') {
    const messages = JSON.parse(issue.message) as string[];
    return issue.keys.map((key, index) => ({ path: [...path, key], atKey: true, message: messages[index] ?? '' }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return unionProblems(issue.errors, root, path);
  if (issue.code === 'invalid_key') {
    return [{ path, atKey: true, message: `found the name ${describe(path.at(-1))}; ${issue.issues[0]?.message ?? 'expected another'}` }];
  }
  const value = valueAt(root, path);
  const found = value === undefined && path.length > 0 ? `found no ${JSON.stringify(path.at(-1))}` : `found ${describe(value)}`;
  return [{ path, message: issue.message.startsWith('expected') ? `${found}; ${issue.message}` : issue.message }];
}

/** The form that was meant is the one whose faults lie deepest; where none has the right type, all forms are named. */
function unionProblems(branches: readonly Issue[][], root: unknown, path: Path): Problem[] {
  const meant = branches.filter((issues) => !issues.some(isWrongType)).toSorted((a, b) => a.length - b.length)[0];
  if (meant !== undefined) return meant.flatMap((issue) => problemsOf(issue, root, path));
  const expected = new Set(branches.flat().flatMap(expectations));
  const value = valueAt(root, path);
  const found = value === undefined && path.length > 0 ? `found no ${JSON.stringify(path.at(-1))}` : `found ${describe(value)}`;
  return [{ path, message: `${found}; expected ${[...expected].join(', or ')}` }];
}

/** Of the value itself, in every form of it. */
function isWrongType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return issue.code === 'invalid_type' || (issue.code === 'invalid_union' && issue.errors.every((form) => form.some(isWrongType)));
}

function expectations(issue: Issue): string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(expectations);
  return [issue.message.replace(/^expected /, '')];
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? value[step as keyof typeof value] : undefined,
    root,
  );
}
