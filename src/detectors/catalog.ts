/** Every detector, by the name that the pipeline file gives it. */
import { absence } from './absence/absence.ts';
import { change } from './change/change.ts';
import { emaThreshold } from './ema-threshold/ema-threshold.ts';
import { evidence } from './evidence/evidence.ts';
import { expectedRate } from './expected-rate/expected-rate.ts';
import { experiment } from './experiment/experiment.ts';
import { frequency } from './frequency/frequency.ts';
import { mix } from './mix/mix.ts';
import { seasonal } from './seasonal/seasonal.ts';
import { threshold } from './threshold/threshold.ts';

export const detectorCatalog = {
  absence,
  change,
  'ema-threshold': emaThreshold,
  evidence,
  'expected-rate': expectedRate,
  experiment,
  frequency,
  mix,
  seasonal,
  threshold,
} as const;

export type DetectorName = keyof typeof detectorCatalog;
