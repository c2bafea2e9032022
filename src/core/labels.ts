/** Names and values that tell a series apart: `{ country: "US", ad_format: "banner" }`. A roll-up lacks what it sums over. */
export type Labels = Readonly<Record<string, string>>;

/** What rows are asked for with over HTTP, beside the values of labels, each under its name: no label has one of these. */
export const ROW_QUERY = ['window', 'from', 'to', 'after', 'grouping', 'limit'] as const;
export type RowQuery = (typeof ROW_QUERY)[number];

/** One text per set of labels, the same whatever the order they were written in; unambiguous for any values. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(
    Object.keys(labels)
      .sort()
      .map((name) => [name, labels[name]]),
  );
}

/** For people: `US`; a value that says nothing by itself with its name, `server_id 3`; a dash for one that is not there. */
export function labelText(name: string, value: string): string {
  if (value === '') return '–';
  return /^(-?\d+(\.\d+)?|true|false)$/.test(value) ? `${name} ${value}` : value;
}

/** For people: `US banner`, in the order given; `all` for the roll-up over everything. */
export function labelsText(labels: Labels, all = 'all'): string {
  const values = Object.entries(labels).map(([name, value]) => labelText(name, value));
  return values.length === 0 ? all : values.join(' ');
}
