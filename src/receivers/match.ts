/** Which alerts a receiver is told of: those of a team, those that are grave enough to page. */
import { z } from 'zod';
import { SEVERITIES, type AlertEvent } from './alert-event.ts';

/** One value, or a list of which any one will do. */
const anyOf = <Schema extends z.ZodType>(value: Schema) => z.union([value, z.array(value).min(1).max(1_000)]);
const hasKeys = (given: object): boolean => Object.values(given).some((value) => value !== undefined);
const labelValue = z.union([
  z.string(),
  z.boolean(),
  z
    .number()
    .refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), 'expected it in quotes: as a number it loses digits'),
]);

export const matchSchema = z
  .strictObject({
    labels: z
      .record(z.string(), anyOf(labelValue))
      .refine(hasKeys, 'expected at least one dimension')
      .optional()
      .describe(
        'Dimensions and the value, or values, that are meant. A roll-up over such a dimension holds these too: it is told, as it speaks for them.',
      ),
    measure: anyOf(z.string())
      .optional()
      .describe('Only alerts of these measures; those about the pipeline itself have `lag`, `series` and `ids`.'),
    alert_type: anyOf(z.string()).optional().describe('Only alerts of these types.'),
    severity: anyOf(z.enum(SEVERITIES))
      .optional()
      .describe('Only alerts that are so grave, or that speak for one that is; one that becomes so is told then.'),
  })
  .refine(hasKeys, {
    error: 'expected at least one of labels, measure, alert_type, severity',
    // A key that is misspelt is told already.
    when: ({ issues }) => issues.length === 0,
  });

export type Match = z.output<typeof matchSchema>;
type Kind = Pick<AlertEvent, 'measure' | 'alert_type'>;
type Weighed = Pick<AlertEvent, 'severity' | 'members'>;

/** All that `match` names must hold. */
export function isMatched(match: Match | undefined, alert: Kind & Weighed & Pick<AlertEvent, 'labels'>): boolean {
  return isTheirs(match, alert) && isGraveEnough(match, alert);
}

/**
 * But for how grave it is. A label that the alert lacks is as it should be: it sums over that dimension. So a roll-up that speaks for a segment that
 * is meant is told where the segment would be; a roll-up that is explained by another segment is that one's.
 */
export function isTheirs(match: Match | undefined, alert: Kind & Pick<AlertEvent, 'labels'>): boolean {
  return takesKind(match, alert) && Object.entries(match?.labels ?? {}).every(([name, values]) => isAmong(values, alert.labels[name]));
}

/** Whether an alert of this measure and type may match. */
export function takesKind(match: Match | undefined, { measure, alert_type: type }: Kind): boolean {
  return isAmong(match?.measure, measure) && isAmong(match?.alert_type, type);
}

/** An incident is as grave as the gravest alert that it is made of. */
function isGraveEnough(match: Match | undefined, alert: Weighed): boolean {
  return match?.severity === undefined || isAmong(match.severity, SEVERITIES[gravityOf(alert)]);
}

/** The place in `SEVERITIES` of the gravest of the alert and those that it speaks for. */
export function gravityOf({ severity, members = [] }: Weighed): number {
  let gravest = SEVERITIES.indexOf(severity);
  for (const member of members) gravest = Math.max(gravest, member.severity === undefined ? -1 : SEVERITIES.indexOf(member.severity));
  return gravest;
}

type Wanted = string | number | boolean;

function isAmong(wanted: Wanted | readonly Wanted[] | undefined, found: string | undefined): boolean {
  return wanted === undefined || found === undefined || [wanted].flat().some((each) => String(each) === found);
}

/** `country KR or JP, severity critical` */
export function matchText({ labels = {}, ...others }: Match): string {
  return [...Object.entries(labels), ...Object.entries(others)]
    .flatMap(([name, values]) => (values === undefined ? [] : [`${name} ${[values].flat().join(' or ')}`]))
    .join(', ');
}
