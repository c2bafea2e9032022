/** Progress and warnings for the person at the terminal: one line each, on standard error. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}

export function createLogger(write: (line: string) => void): Logger {
  return {
    info: (message) => write(`tocsin: ${message}\n`),
    warn: (message) => write(`tocsin: warning: ${message}\n`),
  };
}

export const silentLogger: Logger = { info: () => {}, warn: () => {} };
