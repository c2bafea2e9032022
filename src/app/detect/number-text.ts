/** Numbers as files write them: `1e-7`, `1,106.5`, `1 106,5`, `1'106`. */
import type { Reading } from './field-reading.ts';

/** What stands before the decimals; the other of the two then groups thousands. */
export const DECIMAL_MARKS = ['.', ','] as const;
export type DecimalMark = (typeof DECIMAL_MARKS)[number];

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const PLAIN_COMMA = /^[+-]?(\d+,?\d*|,\d+)(e[+-]?\d+)?$/i;
/** Groups of three digits, all by the same mark: a comma, a point, a space (of any width), an apostrophe; then decimals. */
const GROUPED = /^[+-]?[1-9]\d{0,2}(?:([.,'’\s])\d{3})(?:\1\d{3})*(?:([.,])\d+)?$/u;

/** `decimal`: of the column, where it is known. */
export function readNumber(text: string, decimal: DecimalMark | undefined): Reading<DecimalMark> {
  const [grouped, group = '', mark] = GROUPED.exec(text) ?? [];
  if (grouped === undefined || group === mark) return plain(text, decimal);
  const settles = (mark as DecimalMark | undefined) ?? settledBy(text, group);
  if (settles !== undefined) return settles === (decimal ?? settles) ? { value: numberOf(text, settles), settles } : undefined;
  if (group !== '.' && group !== ',') return { value: numberOf(text, '.') };
  return decimal === undefined ? 'either' : { value: numberOf(text, decimal) };
}

/** Two marks of a kind are no decimals. */
function settledBy(text: string, group: string): DecimalMark | undefined {
  if (text.split(group).length < 3) return undefined;
  return group === '.' ? ',' : group === ',' ? '.' : undefined;
}

function plain(text: string, decimal: DecimalMark | undefined): Reading<DecimalMark> {
  const mark = text.includes(',') ? ',' : text.includes('.') ? '.' : undefined;
  if (mark !== undefined && decimal !== undefined && mark !== decimal) return undefined;
  if (!(mark === ',' ? PLAIN_COMMA : PLAIN).test(text)) return undefined;
  return { value: Number(text.replace(',', '.')), ...(mark && { settles: mark }) };
}

function numberOf(text: string, decimal: DecimalMark): number {
  const bare = text.replace(/['’\s]/gu, '');
  return Number(decimal === '.' ? bare.replaceAll(',', '') : bare.replaceAll('.', '').replace(',', '.'));
}
