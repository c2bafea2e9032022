/** Every kind of receiver, by the name that the pipeline file gives it. */
import { consoleReceiver } from './console/console.ts';

export const receiverCatalog = {
  console: consoleReceiver,
} as const;
