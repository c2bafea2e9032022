import { readGivenUp } from '../notify/notification-log.ts';
import { missingText, missingVariables, openReceivers } from '../app/receivers/open-receivers.ts';
import { choosePipeline, withReading, type ReadingPlace } from '../app/readers/reading.ts';
import { testAlert } from '../app/receivers/test-alert.ts';
import { loadPipeline } from '../config/load-pipeline.ts';
import type { LoadedPipeline } from '../config/pipeline-config.ts';
import { unknownName } from '../config/problem.ts';
import { systemClock } from '../core/clock.ts';
import { zoneNamed } from '../core/told-time.ts';
import { AppError } from '../core/errors.ts';
import { matchText } from '../receivers/match.ts';
import type { ReadOptions } from './command.ts';
import type { Terminal } from './terminal.ts';

interface TestOptions extends ReadOptions {
  /** Its file; default: of the pipeline that ran there. */
  readonly pipeline?: string;
  readonly pageUrl?: string | undefined;
}

const TEST_TIMEOUT_MS = 10_000;

/** Exit code 1 where a receiver that is not optional lacks an environment variable. */
export async function listCommand(file: string, { json, ...place }: ReadOptions, terminal: Terminal): Promise<number> {
  const config = loadPipeline(file);
  const opened = openReceivers(config, process.env, receiverDeps(config, terminal));
  const givenUp = await readFailures(place, config);
  for (const { name, kind, receiver, missing, optional, match } of opened) {
    const failures = givenUp.filter((each) => each.receiver === name);
    const last = failures.at(-1);
    if (json) {
      const target = receiver?.target ?? null;
      await terminal.print(
        JSON.stringify({
          name,
          type: kind,
          target,
          missing,
          optional,
          match: match ?? null,
          given_up: failures.length,
          last_given_up: last ?? null,
        }),
      );
      continue;
    }
    // A run that is under way has an environment of its own.
    const started = optional ? 'a run started here leaves it out' : 'a run started here stops at that';
    const state = receiver ? receiver.target : `not from this shell: ${missingText(missing, 'here')}; ${started}`;
    await terminal.print(`${name}  ${kind}  ${state}${match ? `; only ${matchText(match)}` : ''}`);
    if (last) {
      await terminal.print(`  given up: ${failures.length}, the last at ${last.given_up_time}: ${last.message}`);
      await terminal.print(`  because ${last.reason}`);
    }
  }
  return opened.some(({ missing, optional }) => missing.length > 0 && !optional) ? 1 : 0;
}

/** Exit code 1 where the receiver does not take it. */
export async function testCommand(name: string, { pipeline, pageUrl, json, ...place }: TestOptions, terminal: Terminal): Promise<number> {
  const config = loadPipeline(pipeline ?? (await fileOf(place)));
  const opened = openReceivers(config, process.env, { ...receiverDeps(config, terminal), pageUrl });
  const found = opened.find((each) => each.name === name);
  if (!found) {
    const names = opened.map((each) => each.name);
    throw new AppError('usage', `receivers test: ${unknownName(name, `a receiver of ${config.engine.pipeline}`, names)}`);
  }
  const { receiver } = found;
  if (!receiver) throw missingVariables(config, found);
  const started = systemClock.elapsed();
  const now = systemClock.now();
  const alert = testAlert(config, now);
  const timeout = AbortSignal.timeout(TEST_TIMEOUT_MS);
  const result = await receiver.send({ alert, dedupKey: `${alert.alert_id}/test/${now}` }, timeout);
  const ms = Math.round(systemClock.elapsed() - started);
  const reason = result.ok ? null : timeout.aborted ? `no answer within ${TEST_TIMEOUT_MS} ms` : result.reason;
  if (json) await terminal.print(JSON.stringify({ name, type: found.kind, target: receiver.target, ok: result.ok, ms, reason }));
  else if (result.ok) await terminal.print(`${name}: sent to ${receiver.target} in ${ms} ms`);
  else await terminal.print(`${name}: not sent: ${reason}${result.retryable ? ' (a run would try again)' : ''}`);
  return result.ok ? 0 : 1;
}

function receiverDeps({ locale, timeZone }: LoadedPipeline, { stdout }: Terminal) {
  const write = (text: string): void => void stdout.write(text);
  return { write, colour: stdout.isTTY, locale, zone: zoneNamed(timeZone), clock: systemClock };
}

async function fileOf(place: ReadingPlace): Promise<string> {
  return withReading(place, systemClock, async (reading) => choosePipeline(reading, undefined).file);
}

/** What a run on the data directory has recorded; nothing where none has run. */
async function readFailures(place: ReadingPlace, { engine }: LoadedPipeline): ReturnType<typeof failuresIn> {
  try {
    return await failuresIn(place, engine.pipeline);
  } catch (error) {
    if (error instanceof AppError && error.code === 'data_dir_unusable') return [];
    throw error;
  }
}

async function failuresIn(place: ReadingPlace, pipeline: string) {
  return withReading(place, systemClock, async ({ log }) => readGivenUp(pipeline, await log.state(`notify/${pipeline}/`)));
}
