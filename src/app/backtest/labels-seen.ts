/** Values of labels that the history has, held against those of known incidents: one with another value can never be found. */
import { nearest } from '../../config/nearest.ts';
import type { Labels } from '../../core/labels.ts';
import type { BacktestIncident } from '../../server/api.ts';

export interface LabelsSeen {
  /** Series that come for the first time. */
  add(series: readonly Labels[]): void;
  /** A sentence for each label that no series had: which incidents name it, counted from 1, and what was probably meant. */
  notesOn(incidents: readonly BacktestIncident[]): string[];
}

const NOTES_MAX = 20;
const VALUES_SHOWN = 8;

export function createLabelsSeen(): LabelsSeen {
  const seen = new Map<string, Set<string>>();

  function expected(name: string, value: string): string {
    const values = [...(seen.get(name) ?? [])].sort();
    const meant = nearest(value, values);
    if (meant !== undefined) return `did you mean ${JSON.stringify(meant)}?`;
    if (values.length === 0) return 'none had a value of it';
    return `there are ${values.slice(0, VALUES_SHOWN).join(', ')}${values.length > VALUES_SHOWN ? ', …' : ''}`;
  }

  return {
    add(series) {
      for (const labels of series) {
        for (const name in labels) {
          const values = seen.get(name);
          if (values) values.add(labels[name]!);
          else seen.set(name, new Set([labels[name]!]));
        }
      }
    },
    notesOn(incidents) {
      // Without any series nothing is said of values.
      if (seen.size === 0) return [];
      const unseen = incidents.flatMap(({ labels = {} }, index) =>
        Object.entries(labels)
          .filter(([name, value]) => seen.get(name)?.has(value) !== true)
          .map(([name, value]) => ({ name, value, number: index + 1 })),
      );
      const groups = [...Map.groupBy(unseen, ({ name, value }) => `${name}=${JSON.stringify(value)}`)];
      const notes = groups.slice(0, NOTES_MAX).map(([label, [first, ...others]]) => {
        const { name, value, number } = first!;
        const which = `incident ${number}${others.length > 0 ? ` and ${others.length} more` : ''}`;
        return `${which}: no series had ${label}; ${expected(name, value)}`;
      });
      const left = groups.length - notes.length;
      return left > 0 ? [...notes, `${left} more labels of incidents that no series had`] : notes;
    },
  };
}
