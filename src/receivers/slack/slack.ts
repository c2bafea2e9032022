/** Posts alerts into a Slack channel, through an incoming webhook. */
import { advised, type Advice } from '../http/advice.ts';
import { parseAddress } from '../http/address.ts';
import { post } from '../http/post.ts';
import type { Receiver, ReceiverDeps, ReceiverKind, SendResult } from '../receiver.ts';
import { slackConfig, type SlackConfig } from './config.ts';
import { slackDigest, slackMessage, type SlackMessage } from './message.ts';

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

  async function say(message: SlackMessage, signal: AbortSignal): Promise<SendResult> {
    const body = JSON.stringify(message);
    return advised(await post({ url, headers, body, setting: `receivers.${name}.url` }, deps.clock, signal), ADVICE);
  }

  return {
    name,
    local: false,
    target: url.origin,
    send: ({ alert }, signal) => say(slackMessage(alert, deps), signal),
    sendTogether: (notifications, signal) =>
      say(
        slackDigest(
          notifications.map(({ alert }) => alert),
          deps,
        ),
        signal,
      ),
  };
}

export const slackReceiver: ReceiverKind<typeof slackConfig> = {
  name: 'slack',
  description: 'Posts alerts into a Slack channel through an incoming webhook.',
  config: slackConfig,
  create: createSlack,
};
