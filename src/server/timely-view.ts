/** What a pipeline shows, in time: its answers wait for the log, and that may be away for long. */
import { inTime } from './in-time.ts';
import type { PipelineView } from './surface.ts';

const AGAIN = 'ask again';
const UNKNOWN = 'whether that was noted is not known: list the silences before you ask again';

/** The view with answers that are given up after so many ms. @throws HttpProblem 503 by each of them */
export function timelyView(view: PipelineView, ms: number): PipelineView {
  const read = <T>(work: () => Promise<T>): Promise<T> => inTime(ms, AGAIN, work);
  const write = <T>(work: () => Promise<T>): Promise<T> => inTime(ms, UNKNOWN, work);
  const { silences } = view;
  return {
    ...view,
    status: () => read(() => view.status()),
    windows: (query) => read(() => view.windows(query)),
    latest: (window) => read(() => view.latest(window)),
    alerts: (query) => read(() => view.alerts(query)),
    alert: (id, lang) => read(() => view.alert(id, lang)),
    deadLetters: (query) => read(() => view.deadLetters(query)),
    silences: {
      ...silences,
      list: (query) => read(() => silences.list(query)),
      add: (request) => write(() => silences.add(request)),
      end: (id) => write(() => silences.end(id)),
    },
  };
}
