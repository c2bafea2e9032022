/** Opens an address in the user's browser, where there is likely to be one. */
import { spawn } from 'node:child_process';

export interface BrowserPlace {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Somebody looks at the output. */
  readonly isTerminal: boolean;
}

/** The command that opens an address here; undefined under CI, without a display or over ssh. */
export function browserCommand(platform: NodeJS.Platform, { environment, isTerminal }: BrowserPlace): string | undefined {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  if (!isTerminal || isSet('CI') || isSet('SSH_CONNECTION')) return undefined;
  if (platform === 'darwin') return 'open';
  return platform === 'linux' && (isSet('DISPLAY') || isSet('WAYLAND_DISPLAY')) ? 'xdg-open' : undefined;
}

/** Whether it was tried; a machine without such a command is no error. */
export function openBrowser(url: string, place: BrowserPlace): boolean {
  const command = browserCommand(process.platform, place);
  if (command === undefined) return false;
  const child = spawn(command, [url], { detached: true, stdio: 'ignore' });
  child.on('error', () => {});
  child.unref();
  return true;
}
