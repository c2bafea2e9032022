import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { makeSilence, type SilenceRequest } from '../../src/notify/silence-request.ts';
import { statusOf, type Silence } from '../../src/notify/silence.ts';
import type { PipelineInfo } from '../../src/server/api.ts';

/** Silences that last as long as this process. */
export interface FakeSilences {
  /** GET lists those that are not over, POST adds one. */
  answer(request: IncomingMessage): Promise<unknown>;
  end(id: string): unknown;
}

export function createFakeSilences({ name, dimensions, measures }: PipelineInfo, now: () => number): FakeSilences {
  let all: readonly Silence[] = [];
  const shown = (silence: Silence) => ({ ...silence, status: statusOf(silence, now()) });
  return {
    async answer(request) {
      if (request.method !== 'POST') return { silences: all.map(shown).filter(({ status }) => status !== 'ended') };
      const of = { pipeline: name, dimensions, measures: measures.map((measure) => measure.name) };
      const added = makeSilence(JSON.parse(await text(request)) as SilenceRequest, of, { nowMs: now(), id: randomUUID() });
      all = [added, ...all];
      return shown(added);
    },
    end(id) {
      all = all.map((silence) => (silence.id === id ? { ...silence, ended_at: new Date(now()).toISOString() } : silence));
      return all.filter((silence) => silence.id === id).map(shown)[0];
    },
  };
}
