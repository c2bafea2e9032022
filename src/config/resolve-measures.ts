/** The `measures` block: short forms written out, names resolved. */
import { isCurrency } from '../core/money-text.ts';
import type { Outcome } from '../core/outcome.ts';
import { HEAVY_KEEP_DEFAULT } from '../windows/sketches/heavy-hitters.ts';
import type { Condition, MeasureSpec } from '../windows/spec.ts';
import { checkField, resolveConditions } from './known-fields.ts';
import { MEASURE_KINDS, type Conditions, type MeasureBlock, type MeasureKind } from './measure-schema.ts';
import type { Path, Problems } from './problem.ts';
import { ONLY_SOURCE, type ResolvedSource } from './resolve-sources.ts';

type FieldKind = Exclude<MeasureKind, 'count' | 'ratio'>;

export function resolveMeasures(
  block: Readonly<Record<string, MeasureBlock>>,
  sources: readonly ResolvedSource[],
  problems: Problems,
): MeasureSpec[] {
  const kinds = new Map<string, MeasureKind>();
  const measures: MeasureSpec[] = [];
  for (const [name, measure] of Object.entries(block)) {
    const path: Path = ['measures', name];
    const given = MEASURE_KINDS.filter((kind) => measure[kind] !== undefined);
    const kind = given.length === 0 && measure.outcome !== undefined ? 'count' : given[0];
    if (kind === undefined || given.length > 1) {
      const found = given.length === 0 ? 'none' : given.join(' and ');
      problems.add(path, `found ${found}; expected exactly one of ${MEASURE_KINDS.join(', ')}`);
      continue;
    }
    kinds.set(name, kind);
    checkCompanions(kind, measure, path, problems);
    const spec = resolveMeasure(name, kind, measure, sources, path, problems);
    if (spec !== undefined) measures.push(spec);
  }
  for (const [name, measure] of Object.entries(block)) checkRatio(measure, ['measures', name, 'ratio'], kinds, problems);
  if (Object.keys(block).length === 0) problems.add(['measures'], 'found no measure; expected at least one');
  return measures;
}

/** Keys that only go with one kind of measure. */
function checkCompanions(kind: MeasureKind, measure: MeasureBlock, path: Path, problems: Problems): void {
  const goesWith = (key: 'q' | 'keep' | 'scale' | 'where' | 'outcome', fits: boolean, owner: string): void => {
    if (measure[key] !== undefined && !fits)
      problems.add([...path, key], `found ${key} with ${kind}; expected it with ${owner} only`, { atKey: true });
  };
  goesWith('q', kind === 'quantile', 'quantile');
  goesWith('keep', kind === 'heavy_hitters', 'heavy_hitters');
  goesWith('scale', kind === 'ratio', 'ratio');
  goesWith('where', kind !== 'ratio', 'measures of events (give it to the parts of the ratio)');
  goesWith('outcome', kind === 'count', 'count');
  if (kind === 'quantile' && measure.q === undefined) problems.add(path, 'found no "q"; expected which quantile: q: 0.99');
}

function resolveMeasure(
  name: string,
  kind: MeasureKind,
  measure: MeasureBlock,
  sources: readonly ResolvedSource[],
  path: Path,
  problems: Problems,
): MeasureSpec | undefined {
  const base = { name, ...(measure.unit === undefined ? {} : { unit: measure.unit }), ...currencyOf(measure.unit) };
  if (kind === 'ratio') {
    const [numerator, denominator] = measure.ratio ?? ['', ''];
    return { ...base, kind, numerator, denominator, scale: measure.scale ?? 1 };
  }
  if (kind === 'count' && measure.outcome !== undefined)
    return outcomesOf(base, measure, [measure.outcome].flat(), sources, path, problems);
  if (kind === 'count') return countOf(base, measure, sources, path, problems);

  const named = sourceOfField(measure[kind] ?? '', sources, [...path, kind], problems);
  if (named === undefined) return undefined;
  const { source, field } = named;
  const takesText = kind === 'distinct' || kind === 'heavy_hitters';
  const lookup = source.spec.lookups.find((one) => one.field === field);
  if (lookup && !takesText) {
    const what = 'a field of the event that holds a number, as a table holds texts';
    problems.add([...path, kind], `found ${JSON.stringify(field)}, which is looked up in ${lookup.file}; expected ${what}`);
  } else checkField(source.fields, field, [...path, kind], problems, takesText ? undefined : ['number', 'integer']);
  const where = resolveConditions(measure.where, source.fields, [...path, 'where'], problems);
  return ofField({ ...base, source: source.spec.name, where }, kind, field, measure);
}

type Base = { readonly name: string; readonly unit?: string; readonly currency?: string };

function ofField(
  base: Base & { source: string; where: readonly Condition[] },
  kind: FieldKind,
  field: string,
  { q = 0.5, keep = HEAVY_KEEP_DEFAULT }: MeasureBlock,
): MeasureSpec {
  if (kind === 'heavy_hitters') return { ...base, kind, field, keep };
  return kind === 'quantile' ? { ...base, kind, field, q } : { ...base, kind, field };
}

/** `count: events`, `count: orders`, or `count: { event_type: click }` where there is one source. */
function countOf(
  base: Base,
  measure: MeasureBlock,
  sources: readonly ResolvedSource[],
  path: Path,
  problems: Problems,
): MeasureSpec | undefined {
  const names = sources.map((source) => source.spec.name);
  const here = [...path, 'count'];
  const short: Conditions = typeof measure.count === 'object' ? measure.count : {};
  const named = typeof measure.count === 'string' ? measure.count : undefined;
  const source = named === undefined ? (sources.length === 1 ? sources[0] : undefined) : sources.find((one) => one.spec.name === named);
  if (source === undefined) {
    if (sources.length === 0) return undefined;
    if (named !== undefined) problems.unknown(here, named, 'a source', names);
    else problems.add(here, `found conditions; expected the source to count, one of ${names.join(', ')}, and the conditions under where`);
    return undefined;
  }
  const where = [
    ...resolveConditions(short, source.fields, here, problems),
    ...resolveConditions(measure.where, source.fields, [...path, 'where'], problems),
  ];
  return { ...base, kind: 'count', source: source.spec.name, where };
}

/** Records by what became of them: there may be nothing in them that a condition could be held against. */
function outcomesOf(
  base: Base,
  { count, where }: MeasureBlock,
  outcomes: readonly Outcome[],
  sources: readonly ResolvedSource[],
  path: Path,
  problems: Problems,
): MeasureSpec {
  const names = sources.map((source) => source.spec.name);
  const what = 'found conditions beside outcome; expected none, as a record that is no event may lack every field';
  if (where !== undefined) problems.add([...path, 'where'], what, { atKey: true });
  if (typeof count === 'object') problems.add([...path, 'count'], what);
  else if (count !== undefined && !names.includes(count)) problems.unknown([...path, 'count'], count, 'a source', names);
  return { ...base, kind: 'count', source: typeof count === 'string' ? count : '', where: [], outcomes: [...new Set(outcomes)] };
}

/** Of several sources, `orders.amount`; of one, any name is a field, dots and all. */
function sourceOfField(
  text: string,
  sources: readonly ResolvedSource[],
  path: Path,
  problems: Problems,
): { source: ResolvedSource; field: string } | undefined {
  const [only] = sources;
  if (only !== undefined && sources.length === 1 && only.spec.name === ONLY_SOURCE) return { source: only, field: text };
  const names = sources.map((source) => source.spec.name);
  if (names.length === 0) return undefined;
  const dot = text.indexOf('.');
  const source = sources.find((one) => one.spec.name === text.slice(0, Math.max(dot, 0)));
  if (source !== undefined && dot < text.length - 1) return { source, field: text.slice(dot + 1) };
  if (dot > 0 && source === undefined) problems.unknown(path, text.slice(0, dot), 'a source', names);
  else problems.add(path, `found ${JSON.stringify(text)}; expected source.field, the source one of ${names.join(', ')}`);
  return undefined;
}

function checkRatio(measure: MeasureBlock, path: Path, kinds: ReadonlyMap<string, MeasureKind>, problems: Problems): void {
  for (const [index, part] of (measure.ratio ?? []).entries()) {
    const kind = kinds.get(part);
    const additive = [...kinds].filter(([, other]) => other === 'count' || other === 'sum').map(([name]) => name);
    if (kind === undefined) problems.unknown([...path, index], part, 'a measure that is a count or a sum', additive);
    else if (kind !== 'count' && kind !== 'sum') {
      problems.add(
        [...path, index],
        `found ${JSON.stringify(part)}, a measure of the kind ${kind}; expected a count or a sum: ${additive.join(', ')}`,
      );
    }
  }
}

/** What is not accepted belongs to no segment, so only the total can count it. */
export function checkOutcomeMeasures(
  measures: readonly MeasureSpec[],
  dimensions: readonly string[],
  rollups: readonly (readonly string[])[],
  problems: Problems,
): void {
  if (dimensions.length === 0 || rollups.some((rollup) => rollup.length === 0)) return;
  for (const measure of measures) {
    if (measure.kind !== 'count' || !measure.outcomes) continue;
    problems.add(
      ['measures', measure.name, 'outcome'],
      'found outcome without the roll-up []; expected [] under rollups, as what is not accepted belongs to no segment',
      {
        atKey: true,
      },
    );
  }
}

function currencyOf(unit: string | undefined): { currency: string } | undefined {
  return unit !== undefined && isCurrency(unit) ? { currency: unit } : undefined;
}
