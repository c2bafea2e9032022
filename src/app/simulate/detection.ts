/** What a pipeline's detectors need before they ring, as far as a simulation has to know. */
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
  readonly down?: unknown;
  readonly up?: unknown;
  readonly warm_up?: number;
  readonly min_volume?: number;
}

export function detectionOf({ engine, monitor }: LoadedPipeline, alertType: string): Detection {
  const entry = monitor.detect.find(({ config, measure, naming, over }) => {
    const settings = config as Settings;
    const types = (['down', 'up'] as const)
      .filter((direction) => settings[direction] !== undefined)
      .map((direction) => naming?.[direction]?.alertType ?? `${measure}_${direction === 'down' ? 'drop' : 'spike'}`);
    return over !== 'rollups' && types.includes(alertType);
  });
  const used = entry ?? monitor.detect[0];
  const window = engine.windows.find(({ name }) => name === used?.window) ?? engine.windows[0]!;
  const { warm_up: warmUp = 0, min_volume: minVolume = 0 } = (used?.config ?? {}) as Settings;
  return { isWatched: entry !== undefined, windowName: window.name, windowMs: window.sizeMs, slideMs: window.slideMs, warmUp, minVolume };
}
