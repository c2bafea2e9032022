/** Every kind of receiver, by the name that the pipeline file gives it. */
import { consoleReceiver } from './console/console.ts';
import { discordReceiver } from './discord/discord.ts';
import { slackReceiver } from './slack/slack.ts';
import { webhookReceiver } from './webhook/webhook.ts';

export const receiverCatalog = {
  console: consoleReceiver,
  slack: slackReceiver,
  discord: discordReceiver,
  webhook: webhookReceiver,
} as const;
