/** How grave an alert is while its episode goes on: what it is called can only become graver. */
import type { Grounds, Verdict } from '../detectors/detector.ts';
import type { Severity } from '../receivers/alert-event.ts';
import { deviationOf, isMultiple, type AlertSubject } from './alert-facts.ts';
import { isNewestWhole } from './course.ts';
import { severityRank } from './gravity.ts';
import { severityOf, severityOfGrounds } from './severity.ts';
import type { AlertState, Course } from './state-machine.ts';

/** As the file says; else the gravest that it has been, from the span that rang to the newest windows. `state`: before the window at hand. */
export function severityNow(
  { naming, direction, labels }: AlertSubject,
  state: AlertState | undefined,
  verdict: Verdict,
  course: Course | undefined,
): Severity {
  if (naming.severity !== undefined) return naming.severity;
  const told = state?.status === 'firing' ? state.severity : null;
  const { grounds, observed } = verdict;
  // Decided once, by what was seen up to then.
  if (verdict.isStanding && told) return told;
  const ofGrounds = (found: Grounds): Severity => severityOfGrounds(direction, found, Object.keys(labels).length === 0);
  const newest = grounds && course && groundsOfNewest(grounds, course);
  return gravest([
    told,
    grounds ? ofGrounds(grounds) : severityOf(direction, deviationOf({ observed, judged: verdict })),
    newest && ofGrounds(newest),
  ]);
}

/** Whether this is news for those who are told of grave alerts alone. */
export function isGraver(severity: Severity, told: Severity | null): boolean {
  return told !== null && severityRank(severity) > severityRank(told);
}

function gravest(all: readonly (Severity | null | undefined)[]): Severity {
  return all.flatMap((each) => each ?? []).reduce((a, b) => (isGraver(b, a) ? b : a));
}

/**
 * The grounds of an episode stay those of its beginning, whatever comes of it. As many of its newest windows as expect what the span that rang
 * did weigh no less than that span where they are further off; that they lie further off is all that makes an alert graver. So a window of few
 * events does nothing by itself. How uncertain their ratio is goes by the span's: as far above it where less is left, in proportion where more
 * came. Undefined where they do not expect as much yet, or the departure is no multiple of what was expected.
 */
function groundsOfNewest(grounds: Grounds, course: Course): Grounds | undefined {
  if (!course.newest || !isNewestWhole(course) || !isMultiple(grounds)) return undefined;
  const { observed, expected } = course.newest;
  const ratio = observed / expected;
  const [low, high] = grounds.ratioRange;
  const lower = grounds.ratio > 0 ? (ratio * low) / grounds.ratio : 0;
  return { ...grounds, observed, ratio, ratioRange: [lower, ratio + high - grounds.ratio] };
}
