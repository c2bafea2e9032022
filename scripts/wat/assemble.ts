/**
 * WebAssembly from its text format, as much of it as src/log/kafka/unpack/kernel.wat uses: folded instructions, names for locals and labels. The text is the
 * source, and what comes of it is held against it by a test. A fault in the text is told by the engine that compiles the result.
 */
type Form = string | readonly Form[];

const TYPES: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c };
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const NO_TYPE = 0x40;
const END = 0x0b;

/** Of instructions without immediates. */
const PLAIN: Readonly<Record<string, number>> = {
  unreachable: 0x00,
  return: 0x0f,
  select: 0x1b,
  'i32.eqz': 0x45,
  'i32.eq': 0x46,
  'i32.lt_u': 0x49,
  'i32.gt_u': 0x4b,
  'i32.ge_u': 0x4f,
  'i64.lt_s': 0x53,
  'i64.lt_u': 0x54,
  'i64.gt_s': 0x55,
  'i64.gt_u': 0x56,
  'i64.le_s': 0x57,
  'f64.ge': 0x66,
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.and': 0x71,
  'i32.or': 0x72,
  'i32.shl': 0x74,
  'i32.shr_u': 0x76,
  'i64.add': 0x7c,
  'i64.sub': 0x7d,
  'i64.and': 0x83,
  'i64.or': 0x84,
  'i64.xor': 0x85,
  'i64.shl': 0x86,
  'i64.shr_u': 0x88,
  'f64.add': 0xa0,
  'i32.wrap_i64': 0xa7,
  'i64.extend_i32_u': 0xad,
  'f64.convert_i64_s': 0xb9,
};
/** Loads and stores; no alignment is promised, and no offset. */
const MEMORY: Readonly<Record<string, readonly number[]>> = {
  'i32.load8_u': [0x2d],
  'i32.load16_u': [0x2f],
  'i64.load8_u': [0x31],
  'i32.store': [0x36],
  'f64.store': [0x39],
  'i32.store8': [0x3a],
  'v128.load': [0xfd, 0x00],
  'v128.store': [0xfd, 0x0b],
};
const NAMED: Readonly<Record<string, number>> = {
  'local.get': 0x20,
  'local.set': 0x21,
  'global.get': 0x23,
  'global.set': 0x24,
  br: 0x0c,
  br_if: 0x0d,
  call: 0x10,
};
const CONSTANTS: Readonly<Record<string, number>> = { 'i32.const': 0x41, 'i64.const': 0x42 };

/** The binary module. @throws Error where the text has something that is not known here */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const [, ...fields] = parse(text);
  const of = (kind: string): (readonly Form[])[] => fields.map(list).filter(([head]) => head === kind);
  const [memory] = of('memory');
  const globals = of('global');
  const functions = of('func');
  const scope = { globals: globals.map(nameOf), functions: functions.map(nameOf) };
  const exported = [memory!, ...functions]
    .flatMap((field) => field.map(list).filter(([head]) => head === 'export'))
    .map(([, name]) => name);
  const exports = [memory!, ...functions].filter((field) => field.some((part) => list(part)[0] === 'export'));
  return Uint8Array.from([
    ...HEADER,
    ...section(
      1,
      functions.map((one) => [0x60, ...vector(typesOf(one, 'param')), ...vector(typesOf(one, 'result'))]),
    ),
    ...section(
      3,
      functions.map((_, i) => leb(i)),
    ),
    ...section(5, [[0x00, ...leb(Number(memory!.at(-1)))]]),
    ...section(
      6,
      globals.map(([, , , value]) => [TYPES['i32']!, 0x01, ...instruction(value!, { ...scope, locals: [], labels: [] }), END]),
    ),
    ...section(
      7,
      exports.map((field, i) => [
        ...vector([...Buffer.from(String(exported[i]).slice(1, -1))].map((byte) => [byte])),
        ...(field === memory ? [0x02, 0x00] : [0x00, ...leb(functions.indexOf(field))]),
      ]),
    ),
    ...section(
      10,
      functions.map((one) => sized(body(one, scope))),
    ),
  ]);
}

interface Scope {
  readonly globals: readonly string[];
  readonly functions: readonly string[];
}

interface Inner extends Scope {
  readonly locals: readonly string[];
  /** The innermost first. */
  readonly labels: readonly string[];
}

const DECLARATIONS = ['export', 'param', 'result', 'local'];

function body(one: readonly Form[], scope: Scope): number[] {
  const locals = one.map(list).filter(([head]) => head === 'param' || head === 'local');
  const inner = { ...scope, locals: locals.map(nameOf), labels: [] };
  const instructions = one.slice(2).filter((form) => !DECLARATIONS.includes(String(list(form)[0])));
  const own = typesOf(one, 'local').map((type) => [0x01, ...type]);
  return [...vector(own), ...instructions.flatMap((form) => instruction(form, inner)), END];
}

function instruction(form: Form, scope: Inner): number[] {
  const [head, ...rest] = list(form) as readonly [string, ...Form[]];
  const operands = (forms: readonly Form[]): number[] => forms.flatMap((each) => instruction(each, scope));
  if (head === 'block' || head === 'loop') {
    const within = { ...scope, labels: [String(rest[0]), ...scope.labels] };
    return [head === 'block' ? 0x02 : 0x03, NO_TYPE, ...rest.slice(1).flatMap((each) => instruction(each, within)), END];
  }
  if (head === 'if') {
    const [condition, ...arms] = rest;
    const within = { ...scope, labels: ['', ...scope.labels] };
    const [then, otherwise] = arms.map((arm) =>
      list(arm)
        .slice(1)
        .flatMap((each) => instruction(each, within)),
    );
    return [...instruction(condition!, scope), 0x04, NO_TYPE, ...then!, ...(otherwise ? [0x05, ...otherwise] : []), END];
  }
  if (head in CONSTANTS) return [CONSTANTS[head]!, ...signedLeb(Number(rest[0]))];
  if (head in NAMED) return [...operands(rest.slice(1)), NAMED[head]!, ...leb(indexOf(head, String(rest[0]), scope))];
  if (head in MEMORY) return [...operands(rest), ...MEMORY[head]!, 0x00, 0x00];
  if (head in PLAIN) return [...operands(rest), PLAIN[head]!];
  throw new Error(`unknown instruction ${head}`);
}

function indexOf(head: string, name: string, { locals, labels, globals, functions }: Inner): number {
  const names = head === 'call' ? functions : head.startsWith('br') ? labels : head.startsWith('global') ? globals : locals;
  const index = names.indexOf(name);
  if (index === -1) throw new Error(`unknown name ${name}`);
  return index;
}

/** The module's own list. */
function parse(text: string): readonly Form[] {
  const open: Form[][] = [[]];
  for (const [token] of text.matchAll(/;;.*|[()]|[^\s()]+/g)) {
    if (token.startsWith(';;')) continue;
    if (token === '(') open.push([]);
    else if (token === ')') {
      const closed = open.pop()!;
      open.at(-1)!.push(closed);
    } else open.at(-1)!.push(token);
  }
  return list(open[0]![0]!);
}

function list(form: Form): readonly Form[] {
  return typeof form === 'string' ? [form] : form;
}

function nameOf([, name]: readonly Form[]): string {
  return String(name);
}

/** `(param $name i32)`, `(result i32)`. */
function typesOf(one: readonly Form[], kind: string): number[][] {
  return one
    .map(list)
    .filter(([head]) => head === kind)
    .map((declared) => [TYPES[String(declared.at(-1))]!]);
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  return [id, ...sized(vector(items))];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...leb(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): number[] {
  return [...leb(bytes.length), ...bytes];
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

function signedLeb(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signedLeb(value >> 7)];
}
