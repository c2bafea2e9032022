/**
 * How long requests took, as a Prometheus histogram. One of our own: prom-client's makes a text of the labels at each observation, which
 * was a twentieth of a hot read.
 */

export interface RequestTimes {
  observe(method: string, route: string, status: number, seconds: number): void;
  /** Prometheus text, without an empty line at its end. */
  text(): string;
}

interface Counted {
  readonly labels: string;
  /** By bucket, each without the ones below; the last one is above all bounds. */
  readonly counts: Float64Array;
  sum: number;
}

const NAME = 'tocsin_http_request_seconds';
/** Seconds, ascending. */
const BOUNDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5];

export function createRequestTimes(): RequestTimes {
  /** By route, then method, then status: what is asked for is looked up, never written. */
  const routes = new Map<string, Map<string, Map<number, Counted>>>();

  return {
    observe(method, route, status, seconds) {
      const counted = routes.get(route)?.get(method)?.get(status) ?? begin(method, route, status);
      let bucket = 0;
      while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]!) bucket++;
      counted.counts[bucket]!++;
      counted.sum += seconds;
    },
    text() {
      const all = [...routes.values()].flatMap((methods) => [...methods.values()].flatMap((statuses) => [...statuses.values()]));
      return [`# HELP ${NAME} HTTP requests, by route and status.`, `# TYPE ${NAME} histogram`, ...all.flatMap(lines)].join('\n');
    },
  };

  function begin(method: string, route: string, status: number): Counted {
    const labels = `method="${escaped(method)}",route="${escaped(route)}",status="${status}"`;
    const counted = { labels, counts: new Float64Array(BOUNDS.length + 1), sum: 0 };
    const methods = entry(routes, route, () => new Map<string, Map<number, Counted>>());
    entry(methods, method, () => new Map<number, Counted>()).set(status, counted);
    return counted;
  }
}

function lines({ labels, counts, sum }: Counted): string[] {
  let upTo = 0;
  const buckets = [...BOUNDS, '+Inf'].map((bound, i) => `${NAME}_bucket{le="${bound}",${labels}} ${(upTo += counts[i]!)}`);
  return [...buckets, `${NAME}_sum{${labels}} ${sum}`, `${NAME}_count{${labels}} ${upTo}`];
}

/** Of a label's value, as Prometheus' text format has it. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
