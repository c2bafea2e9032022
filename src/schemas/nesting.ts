/** How deep a record may be nested where its schema's check goes as deep as the record. */

/** The record itself is the first. A number rather than what the stack allows: that differs between threads, and an outcome must not. */
export const LEVELS_MAX = 100;

/** Why an event is invalid that is nested deeper, or that the check cannot follow to its end. */
export const TOO_DEEP = 'too_deep';

/** Whether a check by this schema (as JSON) may recurse as the record does: into references, or to compare the elements of a list. */
export function followsNesting(schemaText: string): boolean {
  return /"(?:\$ref|\$dynamicRef|uniqueItems)":/.test(schemaText);
}

/** Whether lists and objects stand within each other on more levels; looks no deeper than that. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((one) => isDeeperThan(one, levels - 1));
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name in fields) if (isDeeperThan(fields[name], levels - 1)) return true;
  return false;
}
