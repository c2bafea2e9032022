/** Every detector, by the name that the pipeline file gives it. */
import { emaThreshold } from './ema-threshold/ema-threshold.ts';
import { evidence } from './evidence/evidence.ts';
import { expectedRate } from './expected-rate/expected-rate.ts';
import { threshold } from './threshold/threshold.ts';

export const detectorCatalog = {
  'ema-threshold': emaThreshold,
  evidence,
  'expected-rate': expectedRate,
  threshold,
} as const;

export type DetectorName = keyof typeof detectorCatalog;
