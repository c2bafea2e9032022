/** What a client still sends of a body that was answered already. */
import type { IncomingMessage } from 'node:http';
import type { ServerLimits } from '../limits.ts';

/**
 * Reads and drops the rest, so that the answer reaches a client that sends before it reads, and the connection can be used again. Beyond
 * `restBytes` or `restMs` the connection is closed: by then the answer, which must be on its way in the same turn, has been sent.
 */
export function dropRest(request: IncomingMessage, { restBytes, restMs }: Pick<ServerLimits, 'restBytes' | 'restMs'>): void {
  request.resume();
  const { socket } = request;
  if (request.complete || socket.destroyed) return;
  let left = restBytes;
  const settle = (): void => {
    clearTimeout(timer);
    request.off('data', count);
    socket.off('close', settle);
  };
  const cutOff = (): void => {
    settle();
    socket.destroySoon();
  };
  const count = (piece: Uint8Array): void => {
    left -= piece.length;
    if (left < 0) cutOff();
  };
  const timer = setTimeout(cutOff, restMs);
  request.on('data', count);
  request.on('end', settle);
  // The request itself is not told that its connection ended, once it is answered.
  socket.on('close', settle);
}
