/** Where the CPU time of a run went, by part of the engine, from the profiles that `node --cpu-prof` wrote (one a thread). */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Between a sample and the one before, microseconds. */
  readonly timeDeltas: readonly number[];
}

/** The first that fits a frame's file and function; a frame that fits none belongs to its caller's part. */
const PARTS: readonly (readonly [part: string, where: RegExp])[] = [
  [
    'start: modules, the pipeline file',
    /node:internal\/(modules|bootstrap|process\/pre)|node_modules\/(ajv|zod|yaml|commander|json-schema)|src\/(cli|config)\//,
  ],
  // Functions of WebAssembly that have names are those of `kernel/`.
  ['decode', /^wasm:.* kernel\/projector/],
  ['lz4, checksums', /compression|wasm|crc32/],
  [
    'write: partials, rows, state',
    /src\/(log\/(batch|kafka\/(append|encode|ledger|producer))|pipeline\/append|windows\/(partials|snapshot|row-writer|pane-journal))/,
  ],
  ['read: sockets, protocol, records', /src\/log\/|@platformatic|node:(net|internal\/stream)/],
  ['decode', /src\/(windows\/(projector|decoder|event-time|byte-)|schemas)/],
  ['ids', /src\/windows\/(ids|id-)/],
  ['outcomes, panes', /src\/windows\/(partition|panes|plan|columns|series|sketches|outcome|cells|live-panes|final-cells|closing|replay)/],
  ['merge, monitor', /src\/(windows|pipeline|detectors|alerts|notify|hot-store)\//],
];
const REST = 'the rest of Node.js and Tocsin';
/** What `--cpu-prof` samples at unless told. */
const INTERVAL_US = 1_000;
const IDLE = '(idle)';
const OWN = new Map([
  ['(garbage collector)', 'collecting garbage'],
  ['(program)', REST],
]);

/** Milliseconds by part, the largest first. */
export function timeByPart(dir: string): [part: string, ms: number][] {
  const parts = new Map<string, number>();
  for (const file of readdirSync(dir).filter((each) => each.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as CpuProfile;
    const partOf = partsOf(profile.nodes);
    for (const [i, id] of profile.samples.entries()) {
      const part = partOf.get(id);
      if (part === undefined) continue;
      // Between two samples the thread may have waited for a processor: no more than the interval was its own.
      parts.set(part, (parts.get(part) ?? 0) + Math.min(profile.timeDeltas[i] ?? 0, INTERVAL_US) / 1_000);
    }
  }
  return [...parts].sort((a, b) => b[1] - a[1]);
}

/** The part of each node of the call tree; none of those that stand for waiting. */
function partsOf(nodes: readonly ProfileNode[]): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Map<number, string>();
  const walk = (node: ProfileNode, callers: string): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    const isModule = functionName === '' && lineNumber === 0 && url !== '';
    const part =
      OWN.get(functionName) ??
      (isModule ? PARTS[0]![0] : (PARTS.find(([, where]) => where.test(`${url} ${functionName}`))?.[0] ?? callers));
    if (functionName !== IDLE) found.set(node.id, part);
    for (const child of node.children ?? []) walk(byId.get(child)!, part);
  };
  walk(nodes[0]!, REST);
  return found;
}
