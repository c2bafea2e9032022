import { createHash } from 'node:crypto';
import { labelsKey } from '../core/labels.ts';
import type { Labels } from '../core/labels.ts';

/** What tells an episode from every other one. */
export interface Episode {
  readonly pipeline: string;
  readonly detector: string;
  readonly measure: string;
  readonly direction: string;
  readonly window: string;
  readonly labels: Labels;
  /** Start of its first window; ISO 8601 UTC with ms. */
  readonly since: string;
}

/** A hash of the episode in the form of a UUID: RFC 9562 version 8. The same windows give the same id, whoever computes it. */
export function alertId(episode: Episode): string {
  const { pipeline, detector, measure, direction, window, labels, since } = episode;
  const name = JSON.stringify([pipeline, detector, measure, direction, window, labelsKey(labels), since]);
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
