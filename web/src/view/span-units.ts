import type { Dashboard } from '../data/dashboard.ts';
import type { SpanUnits } from '../format/time.ts';

export function spanUnits(t: Dashboard['t']): SpanUnits {
  return { d: t('unit.d'), h: t('unit.h'), m: t('unit.m'), s: t('unit.s') };
}
