import { runDemo } from '../app/demo/demo.ts';
import type { AlertLocale } from '../receivers/alert-event.ts';
import type { Terminal } from './terminal.ts';

interface Options {
  readonly for?: number;
  readonly data?: string;
  readonly listen?: string;
  readonly apiKey?: string;
  readonly open: boolean;
  readonly locale?: AlertLocale;
  readonly json: boolean;
}

export async function demoCommand({ for: forMs, ...options }: Options, terminal: Terminal): Promise<number> {
  const locale = options.locale ?? localeOfTerminal(process.env);
  await runDemo({ ...options, locale, ...(forMs !== undefined && { forMs }) }, { ...terminal, signal: terminal.interruption() });
  return 0;
}

/** As POSIX has it: the first of these that is set. */
function localeOfTerminal({ LC_ALL, LC_MESSAGES, LANG }: NodeJS.ProcessEnv): AlertLocale {
  return /^ko(?:[_.@]|$)/.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'ko' : 'en';
}
