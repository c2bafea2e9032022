/** Answers to what is no HTTP request, or one that took too long or has too large a header: the connection ends with it. */
import type { Socket } from 'node:net';
import { STATUS_CODES } from '../core/http.ts';
import { problem, PROBLEM_TYPE } from './problem.ts';

export function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const { status, detail } = explain(error.code);
    const body = JSON.stringify(problem(status, detail));
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
        `connection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

function explain(code: string | undefined): { status: number; detail: string } {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, detail: 'the header of the request is too large' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, detail: 'the request took too long to arrive' };
  return { status: 400, detail: 'this is not an HTTP request' };
}
