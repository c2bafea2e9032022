import { z } from 'zod';

export const consoleConfig = z.strictObject({
  colour: z.enum(['auto', 'never']).default('auto').describe('`auto`: colours where the output is a terminal; `never`: plain text.'),
});

export type ConsoleConfig = z.output<typeof consoleConfig>;
