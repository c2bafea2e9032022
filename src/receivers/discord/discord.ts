/** Posts each alert into a Discord channel, through an incoming webhook. */
import { advised, type Advice } from '../http/advice.ts';
import { parseAddress } from '../http/address.ts';
import { post, type Answer } from '../http/post.ts';
import type { Receiver, ReceiverDeps, ReceiverKind } from '../receiver.ts';
import { discordConfig, type DiscordConfig } from './config.ts';
import { discordMessage } from './message.ts';

/** By the code in the answer (docs.discord.com, "JSON Error Codes"). */
const ADVICE: Advice = [
  ['10015', 'the webhook was removed or its address is not complete: make a new one in Discord and set its address'],
  ['50027', 'the end of the address is not that of a webhook: copy it from Discord anew'],
  ['10003', 'the channel or the thread is gone: make a webhook for another one'],
  ['220001', 'the channel is a forum: put ?thread_id= and the id of a thread at the end of the address'],
];

function createDiscord(name: string, config: DiscordConfig, deps: ReceiverDeps): Receiver {
  const url = webhookAddress(parseAddress(name, config.url));
  const headers = { 'content-type': 'application/json', 'user-agent': 'tocsin' };
  return {
    name,
    local: false,
    target: url.origin,
    async send({ alert }, signal) {
      const body = JSON.stringify(discordMessage(alert, deps));
      return advised(await post({ url, headers, body, setting: `receivers.${name}.url`, pauseIn }, deps.clock, signal), ADVICE);
    },
  };
}

/**
 * Of the webhook, with the version of Discord's API that it names (10 where it names none: the default is an old one whose pauses are in
 * milliseconds), told to answer once the message is saved: before that no fault would come back.
 */
export function webhookAddress(address: URL): URL {
  const url = new URL(address);
  url.pathname = url.pathname.replace(/^\/api\/webhooks\//, '/api/v10/webhooks/');
  // Its former name, at which version 10 does not answer.
  if (url.hostname === 'discordapp.com') url.hostname = 'discord.com';
  url.searchParams.set('wait', 'true');
  return url;
}

/** A float, s: `retry_after` in the body, else the header that says when the limit of this webhook is lifted. */
function pauseIn({ headers, text }: Answer): number | undefined {
  const inHeader = headers.get('x-ratelimit-reset-after');
  return retryAfterOf(text) ?? (inHeader === null ? undefined : finite(Number.parseFloat(inHeader)));
}

function retryAfterOf(text: string): number | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'retry_after' in body ? finite(body.retry_after) : undefined;
  } catch {
    // A page of the proxy before it.
    return undefined;
  }
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export const discordReceiver: ReceiverKind<typeof discordConfig> = {
  name: 'discord',
  description: 'Posts alerts into a Discord channel through an incoming webhook.',
  config: discordConfig,
  create: createDiscord,
};
