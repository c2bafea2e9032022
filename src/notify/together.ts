/**
 * Where hundreds of segments break at the same time nobody reads hundreds of messages, and a chat that takes one a second has told the last of
 * them minutes later. So what many wait for at its gate goes to a receiver for people in one message.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { byGravity } from '../receivers/gravity.ts';
import type { Notification, Receiver, SendResult } from '../receivers/receiver.ts';

/** Fewer are told one by one. */
export const CROWD = 20;

interface Parcel {
  readonly notifications: Notification[];
  /** What came of all; undefined: there are so few that each goes by itself. */
  readonly sent: Promise<SendResult | undefined>;
}

/** The receiver; of what it is given in one turn of the event loop a crowd is sent together, the gravest first. */
export function sendingTogether(receiver: Receiver): Receiver {
  const { sendTogether } = receiver;
  return sendTogether ? { ...receiver, send: gathering(receiver, sendTogether) } : receiver;
}

function gathering(receiver: Receiver, sendTogether: Required<Receiver>['sendTogether']): Receiver['send'] {
  let parcel: Parcel | undefined;

  function begin(signal: AbortSignal): Parcel {
    const notifications: Notification[] = [];
    const sent = nextTurn().then(() => {
      parcel = undefined;
      if (notifications.length < CROWD) return undefined;
      notifications.sort((a, b) => byGravity(a.alert, b.alert));
      return sendTogether(notifications, signal);
    });
    return { notifications, sent };
  }

  return async (notification, signal) => {
    parcel ??= begin(signal);
    parcel.notifications.push(notification);
    return (await parcel.sent) ?? receiver.send(notification, signal);
  };
}
