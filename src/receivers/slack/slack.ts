/** Posts each alert into a Slack channel, through an incoming webhook. */
import { advised, type Advice } from '../http/advice.ts';
import { parseAddress } from '../http/address.ts';
import { post } from '../http/post.ts';
import type { Receiver, ReceiverDeps, ReceiverKind } from '../receiver.ts';
import { slackConfig, type SlackConfig } from './config.ts';
import { slackMessage } from './message.ts';

const ADVICE: Advice = [
  ['no_service', 'the webhook was removed or its address is not complete: make a new one in Slack and set its address'],
  ['no_team', 'the address is not that of a webhook: copy it from Slack anew'],
  ['invalid_token', 'the address is not that of a webhook: copy it from Slack anew'],
  ['channel_not_found', 'the channel is gone: make a webhook for another one'],
  ['channel_is_archived', 'the channel is archived: make a webhook for another one'],
  ['action_prohibited', "the workspace's administrator does not allow it"],
  ['team_disabled', 'the workspace is closed'],
];

function createSlack(name: string, config: SlackConfig, deps: ReceiverDeps): Receiver {
  const url = parseAddress(name, config.url);
  const headers = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'tocsin' };
  return {
    name,
    local: false,
    target: url.origin,
    async send({ alert }, signal) {
      const body = JSON.stringify(slackMessage(alert, deps));
      return advised(await post({ url, headers, body, setting: `receivers.${name}.url` }, deps.clock, signal), ADVICE);
    },
  };
}

export const slackReceiver: ReceiverKind<typeof slackConfig> = {
  name: 'slack',
  description: 'Posts alerts into a Slack channel through an incoming webhook.',
  config: slackConfig,
  create: createSlack,
};
