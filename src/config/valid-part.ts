/**
 * What is left of a file when its faulty parts are taken out: whether the rest agrees with itself is told in the same go. What was
 * taken out must not be missed by the rest, so a problem that may only follow from it is none.
 */
import { nearest } from './nearest.ts';
import { pipelineSchema, type PipelineBlock } from './pipeline-schema.ts';
import type { Path, Problem } from './problem.ts';
import { namedSourceSchema } from './source-schema.ts';
import { checkWith } from './zod-problems.ts';

export interface ValidPart {
  readonly block: PipelineBlock;
  /** Whether a problem of the rest may be there because of what was taken out. */
  mayFollow(problem: Problem): boolean;
}

type Tree = Record<string, unknown>;

/** Taking one part out may leave another one incomplete. */
const ROUNDS_MAX = 4;
const TOP_KEYS = Object.keys(pipelineSchema.shape);
/** In the place of what has to be there. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  pipeline: 'unnamed',
  source: { topic: 'unnamed' },
  'source.topic': 'unnamed',
  event: { time: 'unnamed' },
  'event.time': 'unnamed',
  measures: {},
  windows: ['1m'],
};
/** Of which blocks the problems of a block may follow, beside those of its own entries. `fields`: what is known of an event. */
const LEANS_ON: Readonly<Record<string, readonly string[]>> = {
  windows: ['windows'],
  source: ['pipeline', 'source', 'topics'],
  sources: ['pipeline', 'sources', 'topics', 'windows'],
  event: ['fields', 'event', 'windows'],
  dimensions: ['fields', 'dimensions'],
  measures: ['fields'],
  rollups: ['dimensions', 'rollups'],
  detect: ['measures'],
  serve: ['dimensions', 'rollups', 'serve'],
  topics: ['pipeline', 'source', 'sources', 'topics'],
};
/** What a receiver's `match` names alerts by. */
const MATCHED = ['dimensions', 'measures', 'detect'];
/** Of a source, what says nothing of the fields of its events. */
const NOT_FIELDS = ['topic', 'decoder', 'partitions', 'retention', 'retention_bytes', 'where', 'from', 'event'];
const SOURCE_KEYS = Object.keys(namedSourceSchema.shape);

/** `problems`: what the schema says of `value`. Undefined where too little is left. */
export function validPart(value: unknown, problems: readonly Problem[]): ValidPart | undefined {
  if (!isTree(value)) return undefined;
  const copy = copyOf(value) as Tree;
  let faults = problems;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const fault of faults) takeOut(copy, fault);
    const checked = checkWith(pipelineSchema, copy);
    if (checked.ok) return { block: checked.value, mayFollow: followerOf(value, problems) };
    faults = checked.problems;
  }
  return undefined;
}

function takeOut(file: Tree, { path, atKey }: Problem): void {
  const [top, item] = path.map(String);
  if (top === undefined) return;
  const block = file[top];
  // All that leans on one entry of these is told of that entry: it need not be what it was.
  const isOfEntry = (top === 'measures' || top === 'sources') && path.length > 2;
  if (
    (atKey && !isOfEntry) ||
    item === undefined ||
    !(top in STAND_INS || top === 'sources' || top === 'dimensions' || top === 'rollups')
  ) {
    const holder = atKey && !isOfEntry ? at(file, path.slice(0, -1)) : top === 'receivers' && item !== undefined ? block : file;
    const key = String(atKey ? path.at(-1) : holder === file ? top : item);
    if (isTree(holder)) leaveOut(holder, key, holder === file ? key : `${top}.${key}`);
  } else if (Array.isArray(block)) {
    // Others keep their places: those are told by line.
    block[Number(item)] = top === 'windows' ? '1m' : top === 'rollups' ? [] : `unnamed_${item}`;
  } else if (isTree(block)) {
    if (top === 'measures') block[item] = { count: 'events' };
    else if (top === 'sources') block[item] = { topic: `unnamed_${item}`, event: { time: 'unnamed' } };
    else leaveOut(block, item, `${top}.${item}`);
  }
}

function leaveOut(holder: Tree, key: string, name: string): void {
  if (Object.hasOwn(STAND_INS, name)) holder[key] = copyOf(STAND_INS[name]);
  else delete holder[key];
}

function followerOf(value: Tree, problems: readonly Problem[]): ValidPart['mayFollow'] {
  // Of a block that is called wrongly the one that may have been meant is missed: any that is not there.
  const missing = TOP_KEYS.filter((key) => !Object.hasOwn(value, key));
  const misnamed = problems.flatMap(({ path, atKey }) =>
    atKey && path.length === 1 ? (nearest(String(path[0]), TOP_KEYS) ?? missing) : [],
  );
  const touched = new Set([...misnamed, ...problems.flatMap(({ path, atKey }) => (atKey && path.length === 1 ? [] : [String(path[0])]))]);
  if (problems.some(hidesFields) || misnamed.some((key) => key === 'source' || key === 'sources')) touched.add('fields');
  // A measure that stands in is there for the others; one that is called by what is no name is not. Where not one is right, the block
  // itself may be another than was meant.
  const ofMeasures = problems.filter(({ path }) => path[0] === 'measures');
  const names = ofMeasures.map(({ path }) => String(path[1]));
  const hasRightOnes = Object.keys(value['measures'] ?? {}).some((name) => !names.includes(name));
  const areNamed = ofMeasures.every(({ path, atKey }) => path.length > 2 || (path.length === 2 && !atKey));
  if (!misnamed.includes('measures') && hasRightOnes && areNamed) touched.delete('measures');
  const items = new Set(problems.flatMap(({ path }) => (path.length > 1 ? [itemOf(path)] : [])));

  return ({ path, atKey }) => {
    const [top, item] = path.map(String);
    if (top === undefined) return ['source', 'sources', 'event'].some((key) => touched.has(key));
    if (path.includes('ratio') && touched.has('measures')) return true;
    if (top === 'receivers' && path[2] === 'match' && MATCHED.some((block) => touched.has(block))) return true;
    if (items.has(itemOf(path)) || LEANS_ON[top]?.some((block) => touched.has(block))) return true;
    if (names.some((name) => path.includes(name) || at(value, path) === name)) return true;
    if (path.at(-1) === 'window') return touched.has('windows');
    // What only a window decides is told of the entry as a whole; outcomes are counted in the total.
    const isEntry = path.length === 2 || (path.length === 3 && typeof path[2] === 'number');
    if (top === 'detect' && isEntry && !atKey && at(value, ['measures', item!]) !== undefined) return touched.has('windows');
    if (top === 'measures' && path.at(-1) === 'outcome') return touched.has('dimensions') || touched.has('rollups');
    return item === undefined && touched.has(top);
  };
}

function hidesFields({ path: [top, first, second], atKey }: Problem): boolean {
  if (top !== 'source' && top !== 'sources') return false;
  const key = String(top === 'source' ? first : second);
  const meant = atKey ? nearest(key, SOURCE_KEYS) : key;
  return meant === undefined || !NOT_FIELDS.includes(meant);
}

function itemOf(path: Path): string {
  return JSON.stringify(path.slice(0, 2).map(String));
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((found, step) => (typeof found === 'object' && found !== null ? (found as Tree)[step] : undefined), value);
}

/**
 * What stands in several places (YAML aliases) is copied for each, but not within itself; what is no value of a file, as TypeScript may give,
 * stays as it is.
 */
function copyOf(value: unknown, within: readonly unknown[] = []): unknown {
  if (within.includes(value)) return undefined;
  const inside = [...within, value];
  if (Array.isArray(value)) return value.map((held) => copyOf(held, inside));
  return isTree(value) ? Object.fromEntries(Object.entries(value).map(([key, held]) => [key, copyOf(held, inside)])) : value;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
