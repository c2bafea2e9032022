/** How long requests took, as a Prometheus histogram. Of our own: noted for every request, where the library's takes microseconds. */

export interface RequestTimes {
  observe(method: string, route: string, status: number, seconds: number): void;
  /** Prometheus text. */
  text(): string;
}

const NAME = 'tocsin_http_request_seconds';
/** Seconds, each counted with what is below. */
const BOUNDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5];

interface Times {
  readonly labels: string;
  /** By bound; the last: beyond all of them. */
  readonly counts: number[];
  sum: number;
}

export function createRequestTimes(): RequestTimes {
  /** By route, then by method and status: a text that stays the same is found faster than one put together. */
  const byRoute = new Map<string, Map<string, Map<number, Times>>>();

  function timesOf(method: string, route: string, status: number): Times {
    let byMethod = byRoute.get(route);
    if (!byMethod) byRoute.set(route, (byMethod = new Map()));
    let byStatus = byMethod.get(method);
    if (!byStatus) byMethod.set(method, (byStatus = new Map()));
    let times = byStatus.get(status);
    if (!times) {
      const labels = `method="${escaped(method)}",route="${escaped(route)}",status="${status}"`;
      byStatus.set(status, (times = { labels, counts: Array.from({ length: BOUNDS.length + 1 }, () => 0), sum: 0 }));
    }
    return times;
  }

  return {
    observe(method, route, status, seconds) {
      const times = timesOf(method, route, status);
      let i = 0;
      while (i < BOUNDS.length && seconds > BOUNDS[i]!) i++;
      times.counts[i]!++;
      times.sum += seconds;
    },
    text() {
      const all = [...byRoute.values()].flatMap((byMethod) => [...byMethod.values()].flatMap((byStatus) => [...byStatus.values()]));
      const lines = all.flatMap(({ labels, counts, sum }) => {
        let total = 0;
        const buckets = counts.map((count, i) => `${NAME}_bucket{le="${BOUNDS[i] ?? '+Inf'}",${labels}} ${(total += count)}`);
        return [...buckets, `${NAME}_sum{${labels}} ${sum}`, `${NAME}_count{${labels}} ${total}`];
      });
      return [`# HELP ${NAME} HTTP requests, by route and status.`, `# TYPE ${NAME} histogram`, ...lines, ''].join('\n');
    },
  };
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
