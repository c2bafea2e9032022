/** Every detector, by the name that the pipeline file gives it. */
import { emaThreshold } from './ema-threshold/ema-threshold.ts';
import { evidence } from './evidence/evidence.ts';
import { threshold } from './threshold/threshold.ts';

export const detectorCatalog = {
  'ema-threshold': emaThreshold,
  evidence,
  threshold,
} as const;

export type DetectorName = keyof typeof detectorCatalog;
