/** One client of a live stream. Holds nothing of its own but its place: what waits for a slow client is what the ring keeps. */
import type { ServerResponse } from 'node:http';
import type { AlertLocale } from '../../receivers/alert-event.ts';
import type { ServerLimits } from '../limits.ts';
import type { EventRing } from './event-ring.ts';

/** A browser comes back so soon after it was cut off, ms. */
const RETRY_MS = 2_000;
/** What may wait in the socket before the client is taken for slow, bytes. */
const SOCKET_BYTES = 256 << 10;

/**
 * Sends from `lastEventId` on, or from now; ends when the client goes, falls out of the ring or takes nothing for `streamStalledMs`.
 * Resolves then. The head of the answer must not be sent yet.
 */
export function serveStream(
  response: ServerResponse,
  ring: EventRing,
  { lastEventId, lang }: { readonly lastEventId: string | undefined; readonly lang: AlertLocale | undefined },
  limits: Pick<ServerLimits, 'streamStalledMs' | 'heartbeatMs'>,
): Promise<void> {
  return new Promise((resolve) => {
    const resumed = lastEventId === undefined ? undefined : ring.resume(lastEventId);
    let at = resumed ?? ring.next;
    let stalled: NodeJS.Timeout | undefined;
    const leave = ring.join(send);
    const heartbeat = setInterval(() => {
      if (!stalled) response.write(': heartbeat\n\n');
    }, limits.heartbeatMs);
    response.on('drain', () => {
      clearTimeout(stalled);
      stalled = undefined;
      send();
    });
    response.on('error', () => response.destroy());
    response.on('close', () => {
      leave();
      clearInterval(heartbeat);
      clearTimeout(stalled);
      resolve();
    });
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    // An id without an event: who is cut off before the first one comes back with it, and misses nothing.
    response.write(`retry: ${RETRY_MS}\n${lastEventId === undefined ? `id: ${ring.currentId()}\n` : ''}\n`);
    // What a client missed beyond what is kept it has to load anew.
    if (lastEventId !== undefined && resumed === undefined) response.write(`event: reset\nid: ${ring.currentId()}\ndata: {}\n\n`);
    send();

    function send(): void {
      while (at < ring.next && !stalled && !response.destroyed) {
        const text = ring.textAt(at, lang);
        if (text === undefined) {
          response.destroy();
          return;
        }
        at++;
        if (!response.write(text) && response.writableLength > SOCKET_BYTES) {
          stalled = setTimeout(() => response.destroy(), limits.streamStalledMs);
        }
      }
    }
  });
}
