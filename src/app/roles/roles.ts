/** What a process does of a pipeline; without being told, everything. */
import { AppError } from '../../core/errors.ts';

export const ROLES = ['ingest', 'aggregate', 'monitor', 'store', 'notify', 'api'] as const;
export type Role = (typeof ROLES)[number];

/** `aggregate,api`. @throws AppError `usage` */
export function parseRoles(text: string): ReadonlySet<Role> {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !ROLES.includes(name as Role));
  if (unknown !== undefined)
    throw new AppError('usage', `--roles: found "${unknown}"; expected some of ${ROLES.join(',')}, separated by commas`);
  return new Set(names as Role[]);
}
