import { z } from 'zod';
import { addressText, optionalField } from '../http/address.ts';

export const slackConfig = z.strictObject({
  url: addressText.describe(
    "Address of an incoming webhook of Slack, best as `${SLACK_WEBHOOK_URL}`: it is the channel's password. `${NAME}` stands for an environment variable.",
  ),
  optional: optionalField,
});

export type SlackConfig = z.output<typeof slackConfig>;
