import { InvalidArgumentError } from 'commander';
import type { ReplayPosition } from '../app/replay.ts';
import { timeArgument } from './arguments.ts';

/** A place in the log: digits alone are an offset, else it is a time of arrival. */
export function positionArgument(now: () => number): (text: string) => ReplayPosition {
  const time = timeArgument(now);
  return (text) => {
    if (/^\d{1,15}$/.test(text)) return { offset: Number(text) };
    try {
      return { time: time(text) };
    } catch {
      throw new InvalidArgumentError('Expected an offset (120000), a time such as 2026-03-02T09:00:00Z, or how long ago: 2h.');
    }
  };
}

export function replayFromArgument(now: () => number): (text: string) => 'earliest' | ReplayPosition {
  const position = positionArgument(now);
  return (text) => (text === 'earliest' ? text : position(text));
}
