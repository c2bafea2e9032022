/** One running pipeline as the server shows it. */
import { randomUUID } from 'node:crypto';
import { LOCALES, saidInOf } from '../../alerts/said-in.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { recordsRead } from '../../core/outcome.ts';
import type { Sliced } from '../../core/slices.ts';
import type { HotHistory, HotStore } from '../../hot-store/hot-store.ts';
import type { Log } from '../../log/log.ts';
import type { Committed } from '../../pipeline/engine.ts';
import type { AlertEvent, AlertLocale } from '../../receivers/alert-event.ts';
import type { Episode } from '../../alerts/episodes.ts';
import type { PipelineInfo } from '../../server/api.ts';
import { createEventRing, type Said } from '../../server/stream/event-ring.ts';
import type { PipelineView } from '../../server/surface.ts';
import { inputPartitions } from '../../windows/plan.ts';
import type { WindowRow } from '../../windows/row.ts';
import type { PipelineRun } from '../run/pipeline-run.ts';
import { createSilences } from '../silences.ts';
import { createAlertBook, episodeIn } from './alert-book.ts';
import { createLetterIndex } from './letter-index.ts';
import type { HotFill } from './hot-fill.ts';
import { latestRows } from './latest-rows.ts';
import type { OlapSide } from './olap-side.ts';
import { createPipelineStatus } from './pipeline-status.ts';
import { createRate } from './rate.ts';
import { createSilencesView } from './silences-view.ts';
import { ageOf, createWindowHistory, pointOf } from './window-history.ts';
import { createWindowIndex } from './window-index.ts';

export interface LiveView extends PipelineView {
  /** Told of every commit; writes it out for those who listen. */
  committed(committed: Committed): Sliced<void>;
  /** About once a second. */
  tick(): Promise<void>;
  /** Records to read before it has caught up for the first time; 0 from then on. Undefined: not all partitions are known yet. */
  behind(): Promise<number | undefined>;
}

export interface LiveViewDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly hotStore: HotStore;
  readonly hotFill: HotFill;
  readonly olap: OlapSide;
  /** Tells the ids of this process's streams from those of an earlier one. */
  readonly epoch: string;
  /** It is asked about the whole pipeline: this process plays `api`. */
  readonly showsAll: boolean;
}

/** Rows in one event of the stream, and of one commit: beyond them roll-ups and final rows go first, the rest is left out. */
const POINTS_PER_EVENT = 500;
const POINTS_PER_COMMIT = 20_000;
/** So few records to read count as caught up. */
const NEARLY_RECORDS = 1_000;

/** `hotHistory`: the windows whose served segments the hot store keeps for a day. */
export function createLiveView(run: PipelineRun, hotHistory: readonly HotHistory[], deps: LiveViewDeps): LiveView {
  const { log, clock, hotStore, olap } = deps;
  const { config, engine } = run;
  const { engine: spec, topics } = config;
  const { pipeline } = spec;
  const stream = createEventRing({ epoch: deps.epoch }, { clock });
  const alerts = createAlertBook(log, topics.alerts);
  const letters = createLetterIndex(log, { pipeline, topic: topics.deadLetters, readAnew: run.readAnew });
  const silences = createSilencesView(
    createSilences(
      { pipeline, topic: topics.silences, dimensions: spec.dimensions, measures: spec.measures.map(({ name }) => name) },
      { log, commit: log.commit, clock, newId: randomUUID },
    ),
    { clock },
  );
  const saidIn = saidInOf(spec.measures);
  const rate = createRate();
  const partitionsMin = deps.showsAll ? inputPartitions(spec).length : 0;
  let hasCaughtUp = false;
  /** A status waits for the log, which may be away. */
  let isTicking = false;
  const history = createWindowHistory(
    { spec, hotHistory },
    { hotStore, hotFill: deps.hotFill, index: createWindowIndex(log, topics.windows), olap, clock },
  );
  const { status, partitions } = createPipelineStatus(run, { log, clock, hotStore, olap, alerts, letters, rate });
  const latest = latestRows(spec, { hotStore, hotFill: deps.hotFill, olap });

  /** In the words of those who do not read the pipeline's language. */
  const inOthers = (event: AlertEvent): Said<AlertEvent> =>
    Object.fromEntries(LOCALES.filter((lang) => lang !== config.locale).map((lang) => [lang, saidIn(event, lang)]));

  const toldIn = (episode: Episode, lang: AlertLocale | undefined): Episode =>
    lang === undefined || lang === config.locale ? episode : episodeIn(episode, lang, saidIn);

  return {
    info: infoOf(run),
    stream,
    status,
    windows: history,
    async latest(window) {
      const wasFilled = await deps.hotFill.soon();
      const { source, rows } = await latest.all(window);
      // While it is away nothing is filled.
      const isFilled = wasFilled && (await hotStore.isFilled(pipeline).catch(() => true));
      return { pipeline, window, source, age: ageOf(rows, clock), points: rows.map(pointOf), ...(!isFilled && { filling: true as const }) };
    },
    async alerts({ lang, ...query }) {
      const found = await alerts.list(query);
      return { ...found, alerts: found.alerts.map((episode) => toldIn(episode, lang)) };
    },
    async alert(id, lang) {
      const found = await alerts.find(id);
      if (!found) throw new AppError('alert_unknown', `no alert ${JSON.stringify(id)} among the newest of ${pipeline}`);
      return toldIn(found, lang);
    },
    deadLetters: letters.list,
    notifications: () => run.notify.decided(),
    silences,
    *committed({ records, provisional, alerts: events }) {
      const read = engine.partitions();
      hasCaughtUp ||= read.length >= partitionsMin && read.every(({ caughtUp }) => caughtUp);
      if (stream.isHeard()) {
        const rows = atMost([...records.filter((record) => record.kind === 'row' && record.origin === ''), ...provisional] as WindowRow[]);
        for (let at = 0; at < rows.length; at += POINTS_PER_EVENT) {
          stream.publish('points', rows.slice(at, at + POINTS_PER_EVENT).map(pointOf));
          yield;
        }
      } else {
        // Nothing is kept, but that something was missed is: who comes back from before begins anew.
        stream.publish('points', []);
      }
      for (const event of events) {
        // Said again only where somebody listens: of thousands that takes long.
        stream.publish('alert', event, stream.isHeard() ? inOthers(event) : undefined);
        yield;
      }
    },
    async tick() {
      rate.sample(
        engine.partitions().reduce((sum, { totals }) => sum + recordsRead(totals), 0),
        clock.elapsed(),
      );
      if (isTicking || !stream.isHeard()) return;
      isTicking = true;
      try {
        stream.publish('status', await status());
        const news = await silences.news();
        if (news) stream.publish('silences', news);
      } finally {
        isTicking = false;
      }
    },
    async behind() {
      if (hasCaughtUp) return 0;
      const read = await partitions();
      // On Kafka nobody has told of them at first: nothing to read is not what is known then.
      if (read.length < partitionsMin) return undefined;
      const lag = read.reduce((sum, partition) => sum + partition.lag, 0);
      hasCaughtUp = lag <= NEARLY_RECORDS;
      return hasCaughtUp ? 0 : lag;
    },
  };
}

/** Where a window has very many segments not all of them can be streamed at every commit. */
function atMost(rows: readonly WindowRow[]): readonly WindowRow[] {
  if (rows.length <= POINTS_PER_COMMIT) return rows;
  const rank = (row: WindowRow): number => Object.keys(row.labels).length + (row.final ? 0 : 0.5);
  const byRank = [...Map.groupBy(rows, rank)].sort(([a], [b]) => a - b);
  return byRank.flatMap(([, ofRank]) => ofRank).slice(0, POINTS_PER_COMMIT);
}

function infoOf({ config }: PipelineRun): PipelineInfo {
  const { engine, monitor, topics, serve, locale } = config;
  return {
    name: engine.pipeline,
    locale,
    dimensions: engine.dimensions,
    rollups: engine.rollups,
    measures: engine.measures.map((measure) => ({
      name: measure.name,
      unit: measure.unit ?? null,
      kind: measure.kind,
      ...(measure.kind === 'ratio' && { denominator: measure.denominator }),
    })),
    windows: engine.windows.map(({ name, sizeMs, slideMs }) => ({ name, size_ms: sizeMs, slide_ms: slideMs })),
    watched: monitor.detect.map(({ measure, window, detector }) => ({ measure, window, detector })),
    topics: { windows: topics.windows, alerts: topics.alerts, dead_letters: topics.deadLetters, replay: topics.replay },
    sources: engine.sources.map(({ name, topic, partitions, event }) => ({
      name,
      topic,
      partitions,
      out_of_orderness_ms: event.outOfOrdernessMs,
    })),
    serve: serve.map(({ path, window }) => ({ path, window })),
  };
}
