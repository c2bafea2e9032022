/** A regular expression as a table: one look-up a byte says whether a text matches. */
import { parsePattern, type Pattern } from './pattern-syntax.ts';

const NO_MATCH = 0;
export const MATCH = 1;

const NODES_MAX = 1_500;
const STATES_MAX = 400;

/** State 0 begins; behind each byte below 128 follows `next[state * 128 + byte]`, and at the end `accepts[state]` is MATCH or NO_MATCH. */
export interface PatternTable {
  readonly next: Uint16Array;
  readonly accepts: Uint8Array;
}

/** Edges on bytes of a set, and edges on nothing. */
interface Node {
  set: Uint8Array | undefined;
  to: number;
  readonly free: number[];
}

/** @returns undefined where the pattern is not among those understood (pattern-syntax.ts), or would take too large a table */
export function patternTable(source: string): PatternTable | undefined {
  const parsed = parsePattern(source);
  const nodes = parsed && nodesOf(parsed.pattern, parsed.fromStart, parsed.toEnd);
  return nodes && tableOf(nodes);
}

/** Thompson's construction; node 0 begins, the last one is the match. */
function nodesOf(pattern: Pattern, fromStart: boolean, toEnd: boolean): Node[] | undefined {
  const nodes: Node[] = [];
  const node = (): number => nodes.push({ set: undefined, to: -1, free: [] }) - 1;
  const all = new Uint8Array(128).fill(1);

  /** Adds what leads from `from` through the pattern; where it ends. */
  function add(part: Pattern, from: number): number {
    if (nodes.length > NODES_MAX) return from;
    if (part.kind === 'set') {
      const before = node();
      const after = node();
      nodes[from]!.free.push(before);
      nodes[before]!.set = part.bytes;
      nodes[before]!.to = after;
      return after;
    }
    if (part.kind === 'sequence') return part.parts.reduce((at, next) => add(next, at), from);
    const end = node();
    if (part.kind === 'either') {
      for (const one of part.parts) {
        const start = node();
        nodes[from]!.free.push(start);
        nodes[add(one, start)]!.free.push(end);
      }
      return end;
    }
    let at = from;
    for (let k = 0; k < part.least; k++) at = add(part.part, at);
    if (part.most === Infinity) {
      const loop = node();
      nodes[at]!.free.push(loop);
      nodes[add(part.part, loop)]!.free.push(loop);
      nodes[loop]!.free.push(end);
      return end;
    }
    for (let k = part.least; k < part.most; k++) {
      nodes[at]!.free.push(end);
      at = add(part.part, at);
    }
    nodes[at]!.free.push(end);
    return end;
  }

  const begin = node();
  if (!fromStart) loopOn(begin, all);
  const matched = add(pattern, begin);
  const end = node();
  nodes[matched]!.free.push(end);
  if (!toEnd) loopOn(end, all);
  const final = node();
  nodes[end]!.free.push(final);
  return nodes.length > NODES_MAX ? undefined : nodes;

  /** Any bytes lead from the node back to it. */
  function loopOn(to: number, set: Uint8Array): void {
    const loop = node();
    nodes[to]!.free.push(loop);
    nodes[loop]!.set = set;
    nodes[loop]!.to = to;
  }
}

/** Every set of nodes that can be reached is one state; 0 is the first. */
function tableOf(nodes: readonly Node[]): PatternTable | undefined {
  const states = new Map<string, number>();
  const members: number[][] = [];
  const next: number[] = [];

  function stateOf(reached: Iterable<number>): number {
    const closure = new Set<number>();
    const open = [...reached];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (closure.has(node)) continue;
      closure.add(node);
      open.push(...nodes[node]!.free);
    }
    const list = [...closure].sort((a, b) => a - b);
    const key = list.join();
    let state = states.get(key);
    if (state === undefined) {
      state = members.push(list) - 1;
      states.set(key, state);
    }
    return state;
  }

  const alike = alikeBytes(nodes);
  stateOf([0]);
  for (let state = 0; state < members.length; state++) {
    if (members.length > STATES_MAX) return undefined;
    const from = members[state]!.map((node) => nodes[node]!).filter(({ set }) => set !== undefined);
    const after = alike.map(([byte]) => stateOf(from.filter(({ set }) => set![byte!] === 1).map(({ to }) => to)));
    for (const [k, bytes] of alike.entries()) for (const byte of bytes) next[state * 128 + byte] = after[k]!;
  }
  const last = nodes.length - 1;
  return { next: Uint16Array.from(next), accepts: Uint8Array.from(members, (list) => (list.includes(last) ? MATCH : NO_MATCH)) };
}

/** The bytes below 128 in groups that no set tells apart. */
function alikeBytes(nodes: readonly Node[]): number[][] {
  const sets = [...new Map(nodes.flatMap(({ set }) => (set ? [[set.join(''), set] as const] : []))).values()];
  const groups = Map.groupBy(
    Array.from({ length: 128 }, (_, byte) => byte),
    (byte) => sets.map((set) => set[byte]).join(''),
  );
  return [...groups.values()];
}
