/** `--from` and `--to` of what is printed by a pipeline's clock: its zone is known only when the pipeline is. */
import { instantOf, type ShownTime, type Zone } from '../core/told-time.ts';

export interface AskedSpan {
  readonly from?: number | ShownTime;
  readonly to?: number | ShownTime;
}

/** Epoch ms. Of an hour that the clock shows twice it is all: asked for by what a table printed, no row is left out. */
export function spanOf({ from, to }: AskedSpan, zone: Zone): { readonly from?: number; readonly to?: number } {
  return {
    ...(from !== undefined && { from: instantOf(from, zone, 'earlier') }),
    ...(to !== undefined && { to: instantOf(to, zone, 'later') }),
  };
}
