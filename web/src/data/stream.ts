import type { StreamEvents } from '../../../src/server/api.ts';
import type { Clock } from '../clock.ts';

export type Connection = 'connecting' | 'live' | 'lost';

export interface StreamHandlers {
  points(points: StreamEvents['points']): void;
  alert(alert: StreamEvents['alert']): void;
  status(status: StreamEvents['status']): void;
  silences(silences: StreamEvents['silences']): void;
  /** Something may have been missed: load anew what is shown. */
  gap(): void;
  connection(state: Connection): void;
}

/** The part of EventSource that is used. */
export interface EventStream {
  readonly readyState: number;
  /** Events of the server have data, `open` and `error` have none. */
  addEventListener(type: string, listener: (event: { readonly data?: string }) => void): void;
  close(): void;
}

export interface StreamDeps {
  readonly open: (url: string) => EventStream;
  readonly clock: Clock;
}

export interface LiveStream {
  /** From another address. It counts as a gap. */
  reopen(): void;
  close(): void;
}

/** The server tells its status once a second; so long a silence means that the line is dead though nobody said so. */
const SILENCE_MS = 15_000;
const RETRY_MS = { first: 1_000, most: 15_000 };
const CLOSED = 2;

/**
 * An EventSource that does not give up. The browser reconnects by itself, with `Last-Event-ID`, and misses nothing; where it gives
 * up (an error status, a silent line) a new one is opened, which knows no last id: a gap. So is the very first: what came before it is to be
 * asked for.
 */
export function openStream(url: () => string, handlers: StreamHandlers, { open, clock }: StreamDeps): LiveStream {
  let closed = false;
  let source: EventStream | undefined;
  let forget = (): void => {};
  let retryMs = RETRY_MS.first;

  const heard = (): void => {
    forget();
    forget = clock.after(SILENCE_MS, again);
  };
  const again = (): void => {
    source?.close();
    handlers.connection('lost');
    forget();
    forget = clock.after(retryMs, connect);
    retryMs = Math.min(retryMs * 2, RETRY_MS.most);
  };
  const connect = (): void => {
    const made = open(url());
    let isNew = true;
    source = made;
    const on = <K extends keyof StreamEvents>(type: K, take: (data: StreamEvents[K]) => void): void => {
      made.addEventListener(type, ({ data }) => {
        if (closed || made !== source) return;
        heard();
        take(JSON.parse(data ?? '') as StreamEvents[K]);
      });
    };
    made.addEventListener('open', () => {
      if (closed || made !== source) return;
      retryMs = RETRY_MS.first;
      heard();
      handlers.connection('live');
      if (isNew) handlers.gap();
      isNew = false;
    });
    made.addEventListener('error', () => {
      if (closed || made !== source) return;
      if (made.readyState === CLOSED) again();
      else handlers.connection('lost');
    });
    on('points', handlers.points);
    on('alert', handlers.alert);
    on('status', handlers.status);
    on('silences', handlers.silences);
    on('reset', () => handlers.gap());
    heard();
  };

  handlers.connection('connecting');
  connect();
  return {
    reopen: () => {
      source?.close();
      connect();
    },
    close: () => {
      closed = true;
      forget();
      source?.close();
    },
  };
}
