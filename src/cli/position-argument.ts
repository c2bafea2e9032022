import type { ReplayPosition } from '../app/replay.ts';
import { timeArgument } from './arguments.ts';

/** A place in the log: digits alone are an offset, else it is a time of arrival. */
export function positionArgument(now: () => number, others = ''): (text: string) => ReplayPosition {
  const time = timeArgument(now, `${others}an offset (120000), `);
  return (text) => (/^\d{1,15}$/.test(text) ? { offset: Number(text) } : { time: time(text) });
}

export function replayFromArgument(now: () => number): (text: string) => 'earliest' | ReplayPosition {
  const position = positionArgument(now, 'earliest, ');
  return (text) => (text === 'earliest' ? text : position(text));
}
