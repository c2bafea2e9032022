import { SORTS, type Sort } from './data/segments.ts';
import type { Labels } from './data/series-book.ts';

export type Page = 'overview' | 'segment' | 'alert' | 'dead-letters' | 'system';

/** All that the address says, so that a link shows what its sender saw. Undefined: the default. */
export interface Route {
  readonly page: Page;
  /** Of the segment page; {} is the total. */
  readonly labels: Labels;
  /** Of the alert page: its id. */
  readonly alert: string | undefined;
  readonly pipeline: string | undefined;
  readonly window: string | undefined;
  readonly measure: string | undefined;
  readonly sort: Sort | undefined;
  readonly filter: string | undefined;
}

const PAGES: readonly Page[] = ['overview', 'segment', 'alert', 'dead-letters', 'system'];

/** `#/segment/country=US&ad_format=banner?window=10s`, `#/alert/ID?pipeline=ads` and the like; what cannot be read becomes the overview. */
export function parseRoute(hash: string): Route {
  const [path, query] = split(hash.replace(/^#\/?/, ''), '?');
  const [name, rest] = split(path, '/');
  const page = PAGES.find((each) => each === name) ?? 'overview';
  const asked = new URLSearchParams(query);
  const text = (key: string): string | undefined => asked.get(key) ?? undefined;
  return {
    page,
    labels: page === 'segment' ? Object.fromEntries(new URLSearchParams(rest)) : {},
    // As form data it is decoded whatever stands there.
    alert: page === 'alert' ? (new URLSearchParams(`id=${rest}`).get('id') ?? '') : undefined,
    pipeline: text('pipeline'),
    window: text('window'),
    measure: text('measure'),
    sort: SORTS.find((each) => each === asked.get('sort')),
    filter: text('filter'),
  };
}

export function formatRoute(route: Route): string {
  const { pipeline, window, measure, sort, filter } = route;
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ pipeline, window, measure, sort, filter })) {
    if (value !== undefined && value !== '') query.set(key, value);
  }
  return `#/${pathOf(route)}${query.size > 0 ? `?${query}` : ''}`;
}

function pathOf({ page, labels, alert = '' }: Route): string {
  if (page === 'segment') return `segment/${new URLSearchParams(labels)}`;
  if (page === 'alert') return `alert/${encodeURIComponent(alert)}`;
  return page === 'overview' ? '' : page;
}

/** At the first separator only. */
function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
