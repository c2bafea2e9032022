/** How the roles of one process begin and end with each other: what is told last is still taken in, and what rings then is still told. */

/** Each as this process plays it; those that it does not play are over at once, `aggregate` with its signal. */
export interface RolesOfRun {
  /** Until the signal, or until all is read that is to be. `byOthers`: not all of it here. */
  aggregate(signal: AbortSignal): Promise<{ readonly byOthers: boolean }>;
  /** `isLast`: nothing more will be told, so that the monitor is through when it has given out what there is. Absent: only the signal ends it. */
  monitor(signal: AbortSignal, isLast?: () => boolean): Promise<void>;
  notify(signal: AbortSignal): Promise<void>;
  api(signal: AbortSignal): Promise<void>;
  /** When all is read: whether another process judges it, which is waited for until the monitor here is `through`, or until the signal. */
  isJudgedElsewhere(byOthers: boolean, through: Promise<void>, signal: AbortSignal): Promise<boolean>;
}

export interface RoleOrder {
  /** Ends when everything is read, judged and told. */
  readonly once: boolean;
  /** Aborted with the first failure, which ends all roles. */
  readonly broken: AbortController;
}

/** Until the signal, or (`once`) the end. Rejects with the first failure, when no role is at work any more. */
export async function runInOrder(roles: RolesOfRun, { once, broken }: RoleOrder, signal: AbortSignal): Promise<void> {
  const until = AbortSignal.any([signal, broken.signal]);
  const [monitorStop, notifyStop] = [new AbortController(), new AbortController()];
  let everythingTold = false;
  let fault: { readonly error: unknown } | undefined;
  const failed = (error: unknown): never => {
    fault ??= { error };
    for (const stop of [broken, monitorStop, notifyStop]) stop.abort();
    throw error;
  };

  const monitoring = roles.monitor(monitorStop.signal, once ? () => everythingTold : undefined).catch(failed);
  const notifying = roles.notify(notifyStop.signal).catch(failed);
  const aggregating = roles.aggregate(until).catch(failed);
  const showing = roles.api(until);

  const inOrder = (async () => {
    const { byOthers } = await aggregating;
    everythingTold = true;
    const mayStop = !once || (await roles.isJudgedElsewhere(byOthers, monitoring, until).catch(failed)) || signal.aborted;
    if (mayStop) monitorStop.abort();
    await monitoring;
    notifyStop.abort();
  })();
  await Promise.allSettled([aggregating, monitoring, notifying, showing, inOrder]);
  if (fault) throw fault.error;
}
