/** `tocsin demo`: generated ad events through the whole engine, in a data directory that goes with it unless one is named. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { loadPipeline } from '../../config/load-pipeline.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { formatDuration } from '../../core/duration.ts';
import type { GeneratorConfig } from '../../sources/generator/config.ts';
import { openBrowser } from './browser.ts';
import { withBreaksFrom, withGenerator, withoutBreaks } from './breaks.ts';
import { freeAddress, requireFree } from './free-address.ts';
import { watchBackfill } from './backfill-progress.ts';
import { demoPosition, makesUpFirst, MADE_UP_LIVE_MS, pauseMs, type DemoPosition } from './position.ts';
import type { AlertLocale } from '../../receivers/alert-event.ts';
import { RUN_DEFAULTS, type RunOptions } from '../run/run-options.ts';
import { runPipelines, type RunDeps } from '../run.ts';
import type { DemoTexts } from './text/en.ts';
import { textsOf } from './text/texts.ts';

const PIPELINE = fileURLToPath(new URL('../../../pipelines/demo.yml', import.meta.url));
const LISTEN = '127.0.0.1:8000';
/** Within it moving averages are still what live events are held against; after an hour they are forgotten. */
const PAUSE_MS_MAX = 1_800_000;

export interface DemoOptions {
  readonly data?: string;
  readonly json: boolean;
  /** Language of what it says and of its alerts. */
  readonly locale: AlertLocale;
  /** End so long after the live part has begun, ms. */
  readonly forMs?: number;
  /** Default: 127.0.0.1:8000, or another port where that one is taken. */
  readonly listen?: string;
  /** As in `RunOptions`. */
  readonly apiKey?: string;
  /** Open the dashboard in the browser, where there is one. */
  readonly open: boolean;
}

/**
 * First a simulated day is counted as fast as it goes, and what would have come meanwhile; then live events come, and the page is up. `forMs`
 * and the breaks count from there.
 * @throws AppError as `runPipelines`; `usage` for a directory whose demo has paused for long, before anything is counted
 */
export async function runDemo(options: DemoOptions, deps: RunDeps): Promise<void> {
  const dir = options.data ?? mkdtempSync(join(tmpdir(), 'tocsin-demo-'));
  const say = (text: string): void => void (options.json || deps.stdout.write(text));
  const texts = textsOf[options.locale];
  const config = speaking(loadPipeline(PIPELINE), options.locale);
  const generator = config.inputs[0]!.config as GeneratorConfig;
  try {
    if (options.listen !== undefined && options.listen !== 'none') await requireFree(options.listen, options.apiKey || undefined);
    const before = await demoPosition(dir, config, systemClock);
    refuseLongPause(dir, before);
    say(texts.intro(generator.rate.toLocaleString('en-US'), formatDuration(generator.history)));
    const took = await backfill(dir, config, before, deps, options.json);
    say(texts.counted(took.events.toLocaleString('en-US'), took.seconds.toFixed(1)));
    if (!deps.signal.aborted) await live(dir, options, config, deps, say);
    if (options.data === undefined) say(texts.deleted);
  } finally {
    if (options.data === undefined) rmSync(dir, { recursive: true, force: true });
  }
}

/** The same, with its alerts in that language. */
function speaking(config: LoadedPipeline, locale: AlertLocale): LoadedPipeline {
  return { ...config, locale, monitor: { ...config.monitor, locale } };
}

function refuseLongPause(dir: string, before: DemoPosition | undefined): void {
  const paused = pauseMs(before, systemClock.now());
  if (paused <= PAUSE_MS_MAX) return;
  throw new AppError(
    'usage',
    `${dir} holds a demo that stopped ${Math.round(paused / 60_000)} minutes ago, and what its detectors have learnt is too old for the breaks to come; ` +
      'expected a new directory, or one that paused for at most 30 minutes: remove it, or name another with --data',
  );
}

/**
 * What comes while the past is counted is counted next, in ever shorter runs: left out, it would look like an outage on every chart. What came in
 * a pause is left out.
 */
async function backfill(
  dir: string,
  config: LoadedPipeline,
  before: DemoPosition | undefined,
  deps: RunDeps,
  quiet: boolean,
): Promise<{ events: number; seconds: number }> {
  const generator = config.inputs[0]!.config as GeneratorConfig;
  const started = systemClock.elapsed();
  const seconds = generator.history / 1_000;
  const full = Math.min(seconds, generator.full_rate_for / 1_000);
  const expected = (seconds - full) * (generator.history_rate ?? generator.rate) + full * generator.rate;
  const progress = quiet ? undefined : watchBackfill({ dir, config, expected }, { clock: systemClock, stderr: deps.stderr });
  // Event times lie in the past, append times are now: as in the live run that follows.
  const count = (from: LoadedPipeline): Promise<void> =>
    runPipelines(
      { ...runOptions(dir, withoutBreaks(from)), once: true, clock: 'append', quiet: true },
      { ...deps, stdout: nowhere(), stderr: quiet ? deps.stderr : warningsOnly(deps.stderr) },
    );
  let events = 0;
  try {
    await count(config);
    const isNew = before === undefined || before.until < before.origin;
    let [missing, missed] = [isNew ? await missingMs(dir, config) : 0, Infinity];
    while (!deps.signal.aborted && makesUpFirst(missing, missed)) {
      await count(makingUp(config));
      [missing, missed] = [await missingMs(dir, config), missing];
    }
  } finally {
    events = (await progress?.stop()) ?? 0;
  }
  return { events, seconds: (systemClock.elapsed() - started) / 1_000 };
}

/** Of the time that ends now, whose events have not come yet, ms. */
async function missingMs(dir: string, config: LoadedPipeline): Promise<number> {
  return pauseMs(await demoPosition(dir, config, systemClock), systemClock.now());
}

function makingUp(config: LoadedPipeline): LoadedPipeline {
  return withGenerator(config, () => ({ after_pause: 'make_up' }));
}

async function live(dir: string, options: DemoOptions, config: LoadedPipeline, deps: RunDeps, say: (text: string) => void): Promise<void> {
  const { data, json, forMs, open, apiKey } = options;
  const texts = textsOf[options.locale];
  const listen = options.listen ?? (await freeAddress(LISTEN));
  const told = (url: string | undefined, opened: boolean): void =>
    say(texts.live(url, opened) + slackText(texts, config) + breakText(texts, data ?? dir, running));
  const isShort = (await missingMs(dir, config)) <= MADE_UP_LIVE_MS;
  const running = withBreaksFrom(isShort ? makingUp(config) : config, systemClock.now());
  if (listen === 'none') told(undefined, false);
  await runPipelines(
    {
      ...runOptions(dir, running),
      isTemporary: data === undefined,
      json,
      listen,
      ...(forMs !== undefined && { forMs }),
      ...(apiKey !== undefined && { apiKey }),
    },
    {
      ...deps,
      onListening(url) {
        const opened = open && !json && openBrowser(url, { environment: process.env, isTerminal: deps.stdout.isTTY === true });
        told(url, opened);
        deps.onListening?.(url);
      },
    },
  );
}

function slackText(texts: DemoTexts, { receivers }: LoadedPipeline): string {
  if (!receivers.some(({ kind }) => kind === 'slack')) return '\n';
  return `${(process.env['SLACK_WEBHOOK_URL'] ?? '') === '' ? texts.slackUnset : texts.slackSet}\n`;
}

function breakText(texts: DemoTexts, dir: string, { inputs }: LoadedPipeline): string {
  const { breaks } = inputs[0]!.config as GeneratorConfig;
  const [drop] = breaks;
  const [first, second] = breaks.map(({ at = '' }) =>
    formatDuration(Math.max(0, Math.round((Date.parse(at) - systemClock.now()) / 1_000)) * 1_000),
  );
  return texts.breaks(first ?? '', formatDuration(drop?.for ?? 0), second ?? '', dir);
}

/** The demo shows counting and ringing; the 543 MB of an OLAP engine are not needed for that. */
function runOptions(dir: string, config: LoadedPipeline): RunOptions {
  return { ...RUN_DEFAULTS, files: [config], data: dir, olapStore: 'none' };
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** What a run tells while it is quiet is worth a line of its own. */
function warningsOnly(stderr: RunDeps['stderr']): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (chunk.includes('warning')) stderr.write(`\r\x1b[K${chunk.toString()}`);
      done();
    },
  });
}
