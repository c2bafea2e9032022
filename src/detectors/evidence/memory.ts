import type { Field } from './field.ts';
import type { Groups } from './groups.ts';

/** All that one detector remembers besides the states of its series. */
export interface Memory {
  readonly segments: Field;
  readonly rollUps: Field;
  readonly groups: Groups;
}
