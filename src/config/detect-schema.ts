/** The `detect` block: names of measures, each with the settings of a detector out of the catalog. */
import { z } from 'zod';
import { detectorCatalog } from '../detectors/catalog.ts';
import type { DetectorKind } from '../detectors/detector.ts';
import { SEVERITIES } from '../receivers/alert-event.ts';
import { shapeOf } from './catalog-block.ts';
import { link, perDirection, windowName } from './field-kinds.ts';

export const DEFAULT_DETECTOR = 'evidence';
export const DETECTOR_NAMES = Object.keys(detectorCatalog);

const hintText = z.string().min(1).max(500);
const hintInEach = z.strictObject({ en: hintText.describe('In English.'), ko: hintText.describe('In Korean.') });

/** Where and over what a detector looks; may also stand in the block itself, for all measures. */
const placeShape = {
  window: windowName
    .optional()
    .describe(
      'Name of the window to look at. Default `1m` where there is one, else the first; for detectors that keep to the false-alarm budget the smallest tumbling one.',
    ),
  over: z
    .enum(['full', 'rollups', 'all'])
    .optional()
    .describe(
      '`full`: segments with all dimensions; `rollups`: the roll-ups only; `all`: both. Default: `all` for detectors that keep to the false-alarm budget, else `full`.',
    ),
};

/** The promise of the whole pipeline; may stand in the block only. */
const budgetShape = {
  false_alarms_per_day: z
    .number()
    .min(1e-6, 'expected more than 0, such as 1, or 0.14 for one a week')
    .max(100_000)
    .optional()
    .describe(
      'False-alarm budget: how many false alarms a day you put up with over the whole pipeline, all its series, measures and directions together. Default 1.',
    ),
};
export const DEFAULT_FALSE_ALARMS_PER_DAY = 1;

const namingShape = {
  metric_name: z.string().min(1).max(64).optional().describe('What alerts call the measure. Default: its name.'),
  alert_type: perDirection(z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'expected a name such as traffic_spike'))
    .optional()
    .describe('What alerts are called. Default `<measure>_drop` and `<measure>_spike`.'),
  severity: perDirection(z.enum(SEVERITIES))
    .optional()
    .describe('Severity of the alerts. Default: from the deviation and, where the detector weighs it, the evidence.'),
  hint: perDirection(
    z.union([
      hintText,
      z
        .array(z.union([hintText, hintInEach]))
        .min(1)
        .max(10),
    ]),
  )
    .optional()
    .describe(
      'Likely causes, for the person who gets the alert; each a text, or in a list `{ en: ..., ko: ... }`, for readers of both languages.',
    ),
  runbook: perDirection(link).optional().describe('Address (http or https) of what to do then: a link in every message and on the page.'),
};
export const NAMING_KEYS = Object.keys(namingShape);

const detectorField = z.enum(DETECTOR_NAMES as [string, ...string[]]).describe('Which detector judges.');

export function kindNamed(name: string): DetectorKind | undefined {
  return Object.hasOwn(detectorCatalog, name) ? (detectorCatalog as unknown as Record<string, DetectorKind>)[name] : undefined;
}

/** Settings of a detector and of what its alerts are called; the rules between the settings are the detector's own. */
export function measureDetectSchema(kind: DetectorKind) {
  return z.strictObject({ detector: detectorField.optional(), ...placeShape, ...namingShape, ...shapeOf(kind) });
}

/** Keys of the block that hold for all measures. */
export function sharedDetectSchema(kind: DetectorKind) {
  return z.strictObject({ ...budgetShape, detector: detectorField.optional(), ...placeShape, ...shapeOf(kind) });
}

/** Settings of the block whatever its detector is. */
export const DETECT_SHARED: readonly string[] = ['detector', ...Object.keys(budgetShape), ...Object.keys(placeShape)];

/** Names in the block that are settings, of today's detectors or of later ones: no measure may be called so. */
export const DETECT_RESERVED: readonly string[] = [
  ...new Set([...DETECT_SHARED, ...NAMING_KEYS, ...DETECTOR_NAMES.flatMap((name) => settingsOf(name))]),
];

function settingsOf(name: string): string[] {
  const kind = kindNamed(name);
  return kind === undefined ? [] : Object.keys(shapeOf(kind));
}

/** Of a measure's settings, what does not belong to the detector. */
export const commonDetectSchema = z.object({ ...placeShape, ...namingShape });
export type MeasureDetect = z.output<typeof commonDetectSchema>;
