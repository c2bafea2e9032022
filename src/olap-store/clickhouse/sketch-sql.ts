/**
 * HLL and DDSketch in SQL: merged, estimated and written back in the very bytes of the windows room (`sketches/hll.ts`,
 * `sketches/ddsketch.ts`), so that what the database rolls up and what Tocsin merges are the same state.
 * Each function takes SQL expressions and gives one. A lambda copies what it captures for every element: large arrays are passed as
 * its arguments, never captured.
 */

/** `value` computed once, under a name. */
const bind = (name: string, value: string, body: string): string => `arrayMap(${name} -> ${body}, [${value}])[1]`;
/** Every `of`-th element of an array, from the `nth` on (1: the first). */
const every = (of: number, nth: number, array: string): string =>
  `arrayFilter((x, i) -> i % ${of} = ${nth % of}, ${array}, arrayEnumerate(${array}))`;
const bytesOf = (text: string): string => `arrayMap(c -> reinterpretAsUInt8(c), splitByString('', ${text}))`;

/** Registers that are set, and their ranks, of a sketch as an array of bytes. */
function hllRegisters(bytes: string): string {
  const [first, second, third] = ['low', 'middle', 'high'];
  const sparse = `(arrayMap((a, b) -> toUInt32(a + 256 * b), ${first}, ${second}), arrayMap(c -> toUInt8(c), ${third}))`;
  const words = `arrayMap((a, b, c) -> toUInt32(a + 256 * b + 65536 * c), ${first}, ${second}, ${third})`;
  const ranks = `arrayFlatten(arrayMap(w -> [bitAnd(w, 63), bitAnd(bitShiftRight(w, 6), 63), bitAnd(bitShiftRight(w, 12), 63), bitShiftRight(w, 18)], ${words}))`;
  const dense = `(range(toUInt32(4 * length(low))), arrayMap(r -> toUInt8(r), ${ranks}))`;
  const split = (body: string): string =>
    [1, 2, 3].reduceRight((inner, nth) => bind([first, second, third][nth - 1]!, every(3, nth, 'body'), inner), body);
  return bind('body', `arraySlice(${bytes}, 4)`, split(`if(${bytes}[3] = 0, ${sparse}, ${dense})`));
}

/** Base64 of the merge of an array of sketches in base64; '' of none. */
export function mergedHlls(list: string): string {
  const merged = `arrayReduce('maxMap', sets.1, sets.2)`;
  const precision = 'given[1][2]';
  // A rank of 0 would be dropped: filled up with 1, all ranks one higher.
  const dense = `arrayMap(r -> r - 1, arrayReduce('maxMap', [range(registers), set.1], [arrayWithConstant(registers, toUInt8(1)), arrayMap(r -> toUInt8(r + 1), set.2)]).2)`;
  const packed = `arrayStringConcat(arrayMap((a, b, c, d) -> char(bitAnd(a + 64 * b, 255), bitAnd(bitShiftRight(b, 2) + 16 * c, 255), bitAnd(bitShiftRight(c, 4) + 4 * d, 255)), ${[1, 2, 3, 4].map((nth) => every(4, nth, 'full')).join(', ')}))`;
  const sparse = `arrayStringConcat(arrayMap((r, k) -> char(bitAnd(r, 255), bitShiftRight(r, 8), k), set.1, set.2))`;
  const isSparse = 'length(set.1) <= intDiv(registers, 8)';
  const body = `concat(char(1, ${precision}, if(${isSparse}, 0, 1)), if(${isSparse}, ${sparse}, ${bind('full', dense, packed)}))`;
  const set = `(arrayFilter((r, k) -> k > 0, ${merged}.1, ${merged}.2), arrayFilter(k -> k > 0, ${merged}.2))`;
  const encoded = bind(
    'given',
    `arrayMap(s -> ${bytesOf('base64Decode(s)')}, ${list})`,
    bind(
      'sets',
      `arrayMap(bytes -> ${hllRegisters('bytes')}, given)`,
      bind('registers', `toUInt32(exp2(${precision}))`, bind('set', set, body)),
    ),
  );
  return `if(empty(${list}), '', base64Encode(${encoded}))`;
}

/** Rounded. A register at the highest possible rank, one in 2^52, is taken like the others. */
export function hllEstimate(base64: string): string {
  const unset = '(registers - length(ranks)) / registers';
  const sigma = `(${unset} + arraySum(k -> pow(${unset}, exp2(k)) * exp2(k - 1), range(1, 30)))`;
  const z = `(arraySum(r -> exp2(-toInt16(r)), ranks) + registers * ${sigma})`;
  const estimate = `if(empty(ranks), 0, round(registers * registers / (2 * log(2) * ${z})))`;
  return bind(
    'bytes',
    bytesOf(`base64Decode(${base64})`),
    bind('registers', 'exp2(bytes[2])', bind('ranks', `arrayFilter(r -> r > 0, (${hllRegisters('bytes')}).2)`, estimate)),
  );
}

/** (least, greatest, zeros, (keys, counts) of the positive bins, the same of the negative) of a sketch as text. */
function ddParts(text: string): string {
  const varint = `toInt64(arraySum(arrayMap((x, i) -> bitAnd(x, 127) * exp2(7 * (i - 1)), g, arrayEnumerate(g))))`;
  const numbers = `arrayMap(g -> ${varint}, arrayReverseSplit(x -> x < 128, arraySlice(${bytesOf(text)}, 28)))`;
  const keys = (list: string): string =>
    `arrayMap(k -> toInt64(k), arrayCumSum(arrayMap(s -> if(s % 2 = 1, -intDiv(s + 1, 2), intDiv(s, 2)), ${every(2, 1, list)})))`;
  const bins = (name: string, list: string): string => bind(name, list, `(${keys(name)}, ${every(2, 2, name)})`);
  const positive = bins('plus', 'arraySlice(n, 3, 2 * n[2])');
  const negative = bins('minus', 'arraySlice(n, 4 + 2 * n[2])');
  const [least, greatest] = [12, 20].map((at) => `reinterpretAsFloat64(substring(${text}, ${at}, 8))`);
  return bind('n', numbers, `(${least}, ${greatest}, n[1], ${positive}, ${negative})`);
}

/** Base64 of the merge of an array of sketches in base64; '' of none. */
export function mergedDdsketches(list: string): string {
  const varint = (n: string): string =>
    `arrayStringConcat(arrayMap(i -> char(bitAnd(bitShiftRight(${n}, 7 * i), 127) + if(bitShiftRight(${n}, 7 * i) > 127, 128, 0)), range(1 + arrayCount(t -> ${n} >= t, [${[1, 2, 3, 4, 5, 6, 7].map((power) => 128 ** power).join(', ')}]))))`;
  const summed = (nth: number): string => `arrayReduce('sumMap', tupleElement(parts.${nth}, 1), tupleElement(parts.${nth}, 2))`;
  // Bins below the lowest one kept count in it.
  const folded = `arrayReduce('sumMap', [arrayMap(k -> greatest(k, lowest), sum.1)], [sum.2])`;
  const zigzag = `arrayMap((k, before) -> if(k < before, 2 * (before - k) - 1, 2 * (k - before)), bins.1, arrayPopBack(arrayPushFront(bins.1, toInt64(0))))`;
  const written = `concat(${varint('length(bins.1)')}, arrayStringConcat(arrayMap((s, c) -> concat(${varint('s')}, ${varint('c')}), ${zigzag}, bins.2)))`;
  const side = (nth: number): string =>
    bind(
      'sum',
      summed(nth),
      `if(empty(sum.1), char(0), ${bind('lowest', `arrayMax(sum.1) - binsMax + 1`, bind('bins', folded, written))})`,
    );
  const bits = (value: string): string => `reinterpretAsFixedString(toFloat64(${value}))`;
  const body = `concat(substring(given[1], 1, 11), ${bits('arrayMin(parts.1)')}, ${bits('arrayMax(parts.2)')}, ${bind('z', 'arraySum(parts.3)', varint('z'))}, ${side(4)}, ${side(5)})`;
  const encoded = bind(
    'given',
    `arrayMap(s -> base64Decode(s), ${list})`,
    bind(
      'parts',
      `arrayMap(text -> ${ddParts('text')}, given)`,
      bind('binsMax', 'toInt64(reinterpretAsUInt16(substring(given[1], 10, 2)))', body),
    ),
  );
  return `if(empty(${list}), '', base64Encode(${encoded}))`;
}

/** NULL of the empty sketch. */
export function ddsketchQuantile(base64: string, q: string): string {
  const estimate = `exp(k * gammaLog + log(2 / (exp(gammaLog) + 1)))`;
  const values = `arrayConcat(arrayReverse(arrayMap(k -> -${estimate}, d.5.1)), [0.], arrayMap(k -> ${estimate}, d.4.1))`;
  const counts = `arrayConcat(arrayReverse(d.5.2), [d.3], d.4.2)`;
  const atRank = `arrayFirst((v, below) -> below > rank, ${values}, arrayCumSum(counts))`;
  const within = `greatest(d.1, least(d.2, ${atRank}))`;
  const found = bind(
    'counts',
    counts,
    bind('rank', `floor(${q} * (arraySum(counts) - 1))`, `multiIf(arraySum(counts) = 0, NULL, ${q} = 0, d.1, ${q} = 1, d.2, ${within})`),
  );
  const accuracy = 'reinterpretAsFloat64(substring(text, 2, 8))';
  return bind(
    'text',
    `base64Decode(${base64})`,
    bind('gammaLog', `log((1 + ${accuracy}) / (1 - ${accuracy}))`, bind('d', ddParts('text'), found)),
  );
}
