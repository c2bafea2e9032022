/** Every kind of receiver, by the name that the pipeline file gives it. */
import { consoleReceiver } from './console/console.ts';
import { slackReceiver } from './slack/slack.ts';
import { webhookReceiver } from './webhook/webhook.ts';

export const receiverCatalog = {
  console: consoleReceiver,
  slack: slackReceiver,
  webhook: webhookReceiver,
} as const;
