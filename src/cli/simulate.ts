import { findSegment, findTarget } from '../app/simulate/target.ts';
import type { Rang } from '../app/simulate/found.ts';
import { isCrowded, planMs, type Plan, type PlanChoice } from '../app/simulate/plan.ts';
import { isStrength, SCENARIO_NAMES, scenarios, strengthText, type ScenarioName } from '../app/simulate/scenarios.ts';
import { makePlans, simulate, type Simulated, type Simulation } from '../app/simulate/simulate.ts';
import type { Episode } from '../alerts/episodes.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { labelsText } from '../core/labels.ts';
import { askChoice, askToGoOn, type SimulateOptions } from './simulate-menu.ts';
import { grouped } from './table.ts';
import type { Terminal } from './terminal.ts';
import { counted } from '../core/counted.ts';

/** Exit code 1 where something that should have rung did not, or nobody knows as it was interrupted. */
export async function simulateCommand(
  scenario: ScenarioName | 'all' | undefined,
  options: SimulateOptions,
  terminal: Terminal,
): Promise<number> {
  const canAsk = terminal.stdin.isTTY && terminal.stdout.isTTY && !options.yes && !options.json;
  if (!canAsk && scenario === undefined) {
    throw new AppError(
      'usage',
      `simulate: found no scenario; expected one of ${[...SCENARIO_NAMES, 'all'].join(', ')}, or a terminal to ask on`,
    );
  }
  const target = await findTarget(options.data, options, systemClock);
  const chosen = scenario === undefined ? await askChoice(options) : { ...options, scenario };
  if (!chosen) return 0;
  const plans = await makePlans(options.data, target, choicesOf(chosen.scenario, { ...options, ...chosen }), systemClock);
  for (const plan of plans) explain(plan, terminal);
  if (canAsk && !(await askToGoOn())) return 0;
  const progress = createProgress(terminal, options.json);
  const simulation = await simulate(
    options.data,
    target,
    plans,
    { clock: systemClock, onProgress: progress.show },
    terminal.interruption(),
  ).finally(progress.clear);
  if (options.json) await terminal.print(JSON.stringify(recordOf(simulation)));
  else await tell(simulation, terminal);
  return simulation.results.every(({ found }) => found) ? 0 : 1;
}

/** @throws AppError `usage` */
export function choicesOf(
  scenario: ScenarioName | 'all',
  { segment, strength, for: forMs }: Pick<SimulateOptions, 'segment' | 'strength' | 'for'>,
): PlanChoice[] {
  if (scenario === 'all' && (segment !== undefined || strength !== undefined)) {
    throw new AppError('usage', 'simulate all: found --segment or --strength; expected neither: each scenario has its own');
  }
  return (scenario === 'all' ? SCENARIO_NAMES : [scenario]).map((name) => {
    const each = scenarios[name];
    if (strength !== undefined && !isStrength(name, strength)) {
      throw new AppError('usage', `--strength: found ${strength}; expected for ${name} ${strengthText(name)}`);
    }
    return {
      scenario: each,
      segment: findSegment(segment ?? each.segment),
      strength: strength ?? each.strength,
      ...(forMs !== undefined && { forMs }),
    };
  });
}

function explain(plan: Plan, terminal: Terminal): void {
  const { scenario, segment, strength, phases, isLive, detection } = plan;
  const say = (text: string): void => void terminal.stderr.write(`${text}\n`);
  const what = `${scenario.what} of ${segment.country} ${segment.ad_format} goes to ${Number((strength * 100).toFixed(1))} % of what it is`;
  say(`${scenario.name}: ${what}`);
  const names = {
    normal: 'normal traffic, to learn from',
    break: 'broken',
    after: 'normal again, so that the last windows close',
  } as const;
  for (const { name, ms, mix } of phases) {
    const parts = [`${perSecond(mix.impressions)} impressions`, `${perSecond(mix.clicks)} clicks`];
    say(`  ${seconds(ms).padStart(6)}  ${names[name]}: ${parts.join(' and ')} a second${isLive ? ' beside its own traffic' : ''}`);
  }
  const when = `with the first ${detection.windowName} window that is broken as a whole (one of which less than half was broken does not count)`;
  say(`  expect  the alert ${scenario.alertType}, ${when}${detection.isWatched ? '' : ' (but no detector of this pipeline raises it)'}`);
  if (isCrowded(plan))
    say('  beside  the impressions that this adds are more traffic: an alert for that may ring too, and is told at the end');
}

function perSecond(rate: number): string {
  return rate >= 10 || rate === 0 ? grouped(Math.round(rate)) : rate.toFixed(1);
}

function seconds(ms: number): string {
  return ms >= 120_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1_000)} s`;
}

function recordOf({ events, results, others, interrupted }: Simulation) {
  return { events, results: results.map(resultOf), also_rang: others.map(otherOf), ...(interrupted && { interrupted }) };
}

function resultOf({ plan, found, uncounted }: Simulated) {
  const { scenario, segment, strength } = plan;
  return {
    scenario: scenario.name,
    segment: { country: segment.country, ad_format: segment.ad_format },
    strength,
    seconds: planMs(plan) / 1_000,
    alert: found ? alertOf(found) : null,
    uncounted: uncounted ? alertOf(uncounted) : null,
  };
}

function alertOf({ alert, brokenShare }: Rang) {
  const { alert_id, alert_time, alert_type, window_start, window_end, message } = alert;
  return { alert_id, alert_time, alert_type, window_start, window_end, broken_percent: Math.round(brokenShare * 100), message };
}

function otherOf({ alert_id, alert_time, alert_type, labels, message }: Episode) {
  return { alert_id, alert_time, alert_type, labels, message };
}

async function tell({ events, results, others, interrupted }: Simulation, terminal: Terminal): Promise<void> {
  await terminal.print(`${counted(events, 'event')} sent`);
  for (const { plan, found, uncounted } of results) {
    const { name } = plan.scenario;
    if (found) {
      const share = `${Math.round(found.brokenShare * 100)} %`;
      await terminal.print(
        `${name}: rang at ${found.alert.alert_time}, with a window of which ${share} was broken: ${found.alert.message}`,
      );
    } else if (interrupted && !uncounted) {
      await terminal.print(`${name}: it was interrupted, so nobody knows whether it would have rung`);
    } else if (uncounted) {
      const why = uncounted.isOlder
        ? 'before the break began'
        : `but of its windows at most ${Math.round(uncounted.brokenShare * 100)} % was broken`;
      await terminal.print(`${name}: an alert rang at ${uncounted.alert.alert_time}, ${why}: it is not counted`);
    } else {
      await terminal.print(`${name}: nothing rang. It may have fired already (tocsin alerts --status firing), or the change is too small`);
    }
  }
  for (const { alert_type: type, labels, alert_time: at, message } of others) {
    await terminal.print(`${type} (${labelsText(labels)}) rang too, at ${at}: ${message}`);
  }
}

const EVERY_MS = { terminal: 200, file: 5_000 } as const;

function createProgress({ stderr }: Pick<Terminal, 'stderr'>, quiet: boolean) {
  const live = stderr.isTTY;
  let shown = 0;
  return {
    show({ events, elapsedMs, totalMs }: { events: number; elapsedMs: number; totalMs: number }): void {
      if (quiet || elapsedMs - shown < (live ? EVERY_MS.terminal : EVERY_MS.file)) return;
      shown = elapsedMs;
      const text = `${seconds(elapsedMs)} of ${seconds(totalMs)}, ${counted(events, 'event')} sent`;
      stderr.write(live ? `\r\x1b[K${text}` : `tocsin: ${text}\n`);
    },
    clear(): void {
      if (live && shown > 0) stderr.write('\r\x1b[K');
    },
  };
}
