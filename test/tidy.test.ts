/** The style of this repository as a test: every rule below fails with the list of places that break it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES } from '../src/core/errors.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Rooms by rank: a room imports from lower ranks only; within one rank only types, and never in a circle. */
const ROOMS: readonly (readonly string[])[] = [
  ['core'],
  ['sources', 'log', 'schemas', 'dead-letter', 'windows', 'hot-store', 'olap-store', 'detectors', 'receivers'],
  ['pipeline', 'alerts', 'notify'],
  ['config', 'server'],
  ['app'],
  ['cli'],
];
/** Part of a room's contract although it holds code: rooms of the same rank may import its values. With the reason. */
const CODE_IN_CONTRACTS: Readonly<Record<string, string>> = {
  'src/log/batch.ts': 'the layout of records in a batch, which all who append or read share',
  'src/dead-letter/dead-letter.ts': 'the key of a dead letter, which its replay must share',
  'src/windows/row-merge.ts': 'how rows are merged, which all stores that answer queries share',
};
/** Files that may be longer than 350 lines, each with its reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};

interface Import {
  readonly file: string;
  /** Path in the repository. */
  readonly target: string;
  readonly typeOnly: boolean;
}

/** Texts and regular expressions, which may hold what looks like a comment, and comments. A `/` after an operator begins an expression. */
const TEXT = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/.source;
const EXPRESSION = /(?<=(?:^|[(,=:[!&|?{};>]|\breturn)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//.source;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*$/.source;

const files = listFiles();
const sources = new Map(files.filter((file) => /\.(ts|mjs)$/.test(file)).map((file) => [file, read(file)]));
const importsBy = new Map([...sources].map(([file, text]) => [file, importsOf(file, text)]));
const imports = [...importsBy.values()].flat();

test('rooms import from left to right only', () => {
  report(
    imports.filter(isBetweenRooms).flatMap(({ file, target, typeOnly }) => {
      const [from, to] = [roomOf(file), roomOf(target)];
      if (isTest(file) || rankOf(from) > rankOf(to)) return [];
      if (rankOf(from) === rankOf(to) && (typeOnly || target in CODE_IN_CONTRACTS)) return [];
      return `${file} imports ${target}: ${from} may not import ${rankOf(from) === rankOf(to) ? 'values of ' : ''}${to}`;
    }),
  );
});

test('rooms do not import each other in a circle', () => {
  const edges = new Map<string, Set<string>>();
  for (const { file, target } of imports.filter(isBetweenRooms)) {
    if (!isTest(file)) edges.set(roomOf(file), (edges.get(roomOf(file)) ?? new Set()).add(roomOf(target)));
  }
  report([...edges.keys()].filter((room) => reach([room], (at) => edges.get(at) ?? [], { skipStart: true }).has(room)));
});

test('files do not import each other in a circle, types included', () => {
  const circles = [...sources.keys()].map((file) => [file, reach([file], targetsOf, { skipStart: true })] as const);
  report(circles.filter(([file, reached]) => reached.has(file)).map(([file]) => file));
});

test('every folder of src is a room of the table', () => {
  const known = ROOMS.flat();
  report(sourcesIn('src/').filter((file) => file !== 'src/index.ts' && !known.includes(roomOf(file))));
});

test('every source file is reachable from the command line, the library, a script or a bench', () => {
  const starts = [...sources.keys()].filter((file) => /^(scripts|bench|test)\//.test(file) && (!file.startsWith('test/') || isTest(file)));
  const shipped = reach(['src/cli/main.ts', 'src/index.ts', ...starts.filter((file) => !isTest(file))], targetsOf);
  const tested = reach(starts, targetsOf);
  report(sourcesIn('src/').filter((file) => !isTest(file) && !shipped.has(file)));
  report(sourcesIn('test/').filter((file) => !tested.has(file)));
});

test('every import names a file that is there', () => {
  report(imports.filter(({ target }) => !existsSync(path.join(ROOT, target))).map(({ file, target }) => `${file}: ${target}`));
});

test('time and randomness are arguments: only core/clock.ts reads the machine', () => {
  report(findInCode(/\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\bprocess\.hrtime\b/, ['src/core/clock.ts']));
});

test('property tests make entries as long as they permit', () => {
  const direct = [...sources].filter(([, text]) => /^import .* from 'fast-check'/m.test(text)).map(([file]) => file);
  assert.deepEqual(direct, ['test/support/fast-check.ts'], 'others import fc from there');
});

test('no default exports, no re-exports but in src/index.ts, no mutable module state', () => {
  report(findInCode(/^export default\b/m, []));
  report(findInCode(/^export\s+(?:type\s+)?(?:\*|\{[^}]*\})[^;]*?\bfrom\b/m, ['src/index.ts']));
  report(findInCode(/^(?:export )?(?:let|var)\b/m, []));
});

test('files stay short', () => {
  const tooLong = (file: string, lines: number): boolean => lines > (isTest(file) || file in LONG_FILES ? 600 : 350);
  const lengths = [...sources].map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }));
  report(lengths.filter(({ file, lines }) => tooLong(file, lines)).map(({ file, lines }) => `${file}: ${lines} lines`));
  report(Object.keys(LONG_FILES).filter((file) => !sources.has(file)));
});

test('names are kebab-case and say what is inside', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*((\.alone)?\.test|\.(bench|soak|d))?\.(ts|mjs|sh)$/;
  const vague = /^(utils?|helpers?|misc|common|shared)\./;
  const scripts = files.filter((file) => /\.(ts|mjs|sh)$/.test(file));
  report(scripts.filter((file) => !kebab.test(path.basename(file)) || vague.test(path.basename(file))));
  report(scripts.filter((file) => !/^([a-z0-9-]+\/)*$/.test(file.slice(0, -path.basename(file).length))));
});

test('no notes to oneself, no paths or hosts of one machine', () => {
  const forbidden = /\b(TODO|FIXME|XXX|HACK)\b|(^|[^\w.])\/work\/|\/tmp\/bash_jobs|\bregistry\.(npmjs|yarnpkg|npmmirror)\b|"resolved":/;
  const texts = files.filter((file) => file !== 'test/tidy.test.ts' && !/\.(gz|zst|png|ico|woff2)$/.test(file));
  report(
    texts.flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) => (forbidden.test(line) ? `${file}:${index + 1}: ${line.trim().slice(0, 100)}` : [])),
    ),
  );
});

test('docs/errors.md and the error codes agree', () => {
  const documented = [...read('docs/errors.md').matchAll(/^### `(\w+)`$/gm)].map((match) => match[1]);
  assert.deepEqual(documented, Object.keys(ERROR_CODES));
});

test('what is a comment is told from what looks like one', () => {
  const cases = {
    "a('src/**/*.ts'); /* b */ c // d": "a('src/**/*.ts');  c ",
    'const at = `http://${host}/*`; // it': 'const at = `http://${host}/*`; ',
    'x = /[\'"`/*]/g; y = a / b; // c / d': 'x = /[\'"`/*]/g; y = a / b; ',
    '/**\n * it`s a "doc\n */\nlet a = "\\"//";': '\nlet a = "\\"//";',
  };
  for (const [text, code] of Object.entries(cases)) assert.equal(withoutComments(text), code);
});

test('every error code is used', () => {
  const code = sourcesIn('src/').filter((file) => file !== 'src/core/errors.ts' && !isTest(file));
  const text = code.map((file) => sources.get(file)).join('\n');
  report(Object.keys(ERROR_CODES).filter((name) => !text.includes(`'${name}'`) && name !== 'node_too_old'));
});

test('links between documents lead somewhere', () => {
  const links = files.filter((file) => file.endsWith('.md')).flatMap((file) => linksOf(file).map((link) => ({ file, link })));
  report(
    links.filter(({ file, link }) => !existsSync(path.join(ROOT, path.dirname(file), link))).map(({ file, link }) => `${file}: ${link}`),
  );
});

test('the lockfile knows the package of every platform, and agrees with package.json', () => {
  execFileSync(process.execPath, [path.join(ROOT, 'scripts/complete-lockfile.mjs'), '--check'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const manifest = JSON.parse(read('package.json'));
  const locked = JSON.parse(read('package-lock.json')).packages[''];
  for (const kind of ['dependencies', 'optionalDependencies', 'devDependencies']) assert.deepEqual(locked[kind], manifest[kind], kind);
});

/** Tracked and new files, without what git ignores; paths with `/`, from the root of the repository. */
function listFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' });
  return listed.split('\0').filter((file) => file !== '' && existsSync(path.join(ROOT, file)));
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

function sourcesIn(folder: string): string[] {
  return [...sources.keys()].filter((file) => file.startsWith(folder));
}

function isTest(file: string): boolean {
  return file.startsWith('test/') || file.includes('.test.');
}

/** `src/windows/panes.ts` -> `windows`. */
function roomOf(file: string): string {
  return file.split('/')[1] ?? '';
}

function rankOf(room: string): number {
  return ROOMS.findIndex((rank) => rank.includes(room));
}

function isBetweenRooms({ file, target }: Import): boolean {
  return file.startsWith('src/') && target.startsWith('src/') && file !== 'src/index.ts' && roomOf(file) !== roomOf(target);
}

/** Imports of files of ours: static, dynamic, and `new URL('./x.ts', import.meta.url)` of child processes and workers. */
function importsOf(file: string, text: string): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  const add = (specifier: string | undefined, typeOnly: boolean): void => {
    if (specifier?.startsWith('.')) found.push({ file, target: path.posix.join(path.posix.dirname(file), specifier), typeOnly });
  };
  for (const match of code.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm))
    add(match[2], match[1] !== undefined);
  for (const match of code.matchAll(/\bimport\('([^']+)'\)/g)) add(match[1], false);
  for (const match of code.matchAll(/\b(?:new URL|import\.meta\.resolve)\('([^']+\.(?:ts|mjs))'/g)) add(match[1], false);
  return found;
}

function targetsOf(file: string): readonly string[] {
  return importsBy.get(file)?.map(({ target }) => target) ?? [];
}

/** All that can be reached from `starts`; with `skipStart` a start is in it only if a path leads back to it. */
function reach(starts: readonly string[], next: (at: string) => Iterable<string>, options: { skipStart?: boolean } = {}): Set<string> {
  const seen = new Set<string>(options.skipStart ? [] : starts);
  const queue = [...starts];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const target of next(at)) {
      if (seen.has(target)) continue;
      seen.add(target);
      queue.push(target);
    }
  }
  return seen;
}

/** Places in `src/` (tests excepted) where the code, not a comment, matches. */
function findInCode(pattern: RegExp, except: readonly string[]): string[] {
  const checked = sourcesIn('src/').filter((file) => !isTest(file) && !except.includes(file));
  return checked.flatMap((file) => {
    const match = pattern.exec(withoutComments(sources.get(file) ?? ''));
    return match ? `${file}: ${match[0].split('\n')[0]}` : [];
  });
}

function withoutComments(text: string): string {
  return text.replace(new RegExp(`(${TEXT}|${EXPRESSION})|${COMMENT}`, 'gm'), (_found, kept: string | undefined) => kept ?? '');
}

/** Relative targets of Markdown links and pictures, without anchors. */
function linksOf(file: string): string[] {
  const text = read(file).replace(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)|(?:src|href)="([^"#]+)"/g)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link));
}

function report(places: readonly string[]): void {
  if (places.length > 0) assert.fail(`${places.length} places:\n${places.join('\n')}`);
}
