/** What a pipeline's detectors need before they ring, as far as a simulation has to know. */
import { kindsOf } from '../../config/alert-kinds.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';

export interface Detection {
  /** The pipeline has a detector that raises this type of alert for a segment. */
  readonly isWatched: boolean;
  readonly windowName: string;
  readonly windowMs: number;
  readonly slideMs: number;
  /** Windows to learn from. */
  readonly warmUp: number;
  /** Events that a window must have. */
  readonly minVolume: number;
}

interface Settings {
  readonly warm_up?: number;
  readonly min_volume?: number;
}

export function detectionOf({ engine, monitor }: LoadedPipeline, alertType: string): Detection {
  const entry = monitor.detect.find((each) => each.over !== 'rollups' && kindsOf(each).some(({ alert_type: type }) => type === alertType));
  const used = entry ?? monitor.detect[0];
  const window = engine.windows.find(({ name }) => name === used?.window) ?? engine.windows[0]!;
  const { warm_up: warmUp = 0, min_volume: minVolume = 0 } = (used?.config ?? {}) as Settings;
  return { isWatched: entry !== undefined, windowName: window.name, windowMs: window.sizeMs, slideMs: window.slideMs, warmUp, minVolume };
}
