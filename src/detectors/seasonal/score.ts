import { EVIDENCE_MIN } from './seasonal-scorer.ts';

/**
 * Evidence as a score between 0 and 1. An alarm is a score at or above one half, for every series and every budget: half is
 * the evidence that comes by chance as often as the budget allows. A thousand times rarer is 0.85, a million times 0.97.
 */
export const ALARM_SCORE = 0.5;
/** With twice as large a budget the least evidence there is would be an alarm: each point, missing ones too. */
export const FALSE_ALARMS_PER_WEEK_MAX = 10 ** -EVIDENCE_MIN / 2;

/** Decades of rarity from one half to 10/11. */
const DECADES = 4;

/** `evidence` as in `Reading`; `falseAlarmsPerWeek` is the budget of one series, above 0. */
export function scoreOf(evidence: number, falseAlarmsPerWeek: number): number {
  return 1 / (1 + Math.pow(10, -(evidence + Math.log10(falseAlarmsPerWeek)) / DECADES));
}

/** The evidence that is an alarm. */
export function alarmEvidence(falseAlarmsPerWeek: number): number {
  return -Math.log10(falseAlarmsPerWeek);
}
