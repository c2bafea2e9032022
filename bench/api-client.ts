/** Asks a Tocsin that runs in another process, for benches. */
import { once } from 'node:events';
import { request, type Agent, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ApiClient {
  /** A GET of a path; with a body, of newline-delimited JSON, a POST. */
  ask(at: string, body?: Buffer): Promise<{ status: number; text: string }>;
  /** Resolves when it is up. Asks for ever: race it against the end of the process. */
  answers(): Promise<void>;
}

const ASK_AGAIN_MS = 100;

export function createApiClient(url: string, agent: Agent): ApiClient {
  async function ask(at: string, body?: Buffer): Promise<{ status: number; text: string }> {
    const headers = body && { 'content-type': 'application/x-ndjson', 'content-length': body.length };
    const outgoing = request(url + at, { agent, method: body ? 'POST' : 'GET', ...(headers && { headers }) });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
    return { status: answer.statusCode!, text: Buffer.concat(parts).toString() };
  }

  return {
    ask,
    async answers() {
      for (;;) {
        const status = await ask('/healthz').then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 200) return;
        await sleep(ASK_AGAIN_MS);
      }
    },
  };
}
