/** Where a list of window rows goes on: after this row, in the order of start, then labels. */
import { AppError } from '../core/errors.ts';
import { parseInstant } from '../core/instant.ts';
import { labelsKey, type Labels } from '../core/labels.ts';

export interface WindowCursor {
  /** Start of the window, epoch ms. */
  readonly start: number;
  /** `labelsKey` of the row. */
  readonly key: string;
}

/** As one word of a URL. */
export function cursorAfter({ window_start, labels }: { readonly window_start: string; readonly labels: Labels }): string {
  return Buffer.from(JSON.stringify([window_start, labelsKey(labels)])).toString('base64url');
}

/** @throws AppError `usage` for what no answer has named */
export function parseCursor(text: string): WindowCursor {
  try {
    const found: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    const [time, key] = Array.isArray(found) ? (found as unknown[]) : [];
    const start = typeof time === 'string' ? parseInstant(time) : undefined;
    if (start !== undefined && typeof key === 'string') return { start, key };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AppError(
    'usage',
    `found after=${JSON.stringify(text.slice(0, 100))}; expected the \`next\` of an earlier answer, as it stood there`,
  );
}
