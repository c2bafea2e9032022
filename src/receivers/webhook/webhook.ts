/** Posts each alert as JSON to an address of the user's, signed where there is a secret. */
import { createHmac } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { cardAddress } from '../card-address.ts';
import { parseAddress } from '../http/address.ts';
import { post } from '../http/post.ts';
import type { Receiver, ReceiverDeps, ReceiverKind } from '../receiver.ts';
import { webhookBody } from './body.ts';
import { HEADER_FOREIGN, webhookConfig, type WebhookConfig } from './config.ts';

function createWebhook(name: string, config: WebhookConfig, { clock, pageUrl }: ReceiverDeps): Receiver {
  const url = parseAddress(name, config.url);
  const { secret } = config;
  for (const [header, value] of Object.entries(config.headers)) {
    if (HEADER_FOREIGN.test(value)) {
      throw new AppError(
        'config_invalid',
        `receivers.${name}.headers.${header}: found a character that a header cannot hold (a line end?)`,
      );
    }
  }
  const secrets = [...(secret === undefined ? [] : [secret]), ...Object.values(config.headers)];
  return {
    name,
    local: false,
    target: url.origin,
    async send({ alert, dedupKey }, signal) {
      const body = webhookBody(alert, pageUrl === undefined ? null : cardAddress(pageUrl, alert));
      const timestamp = String(Math.floor(clock.now() / 1_000));
      const headers = {
        ...config.headers,
        'content-type': 'application/json',
        'user-agent': 'tocsin',
        'idempotency-key': dedupKey,
        'tocsin-timestamp': timestamp,
        ...(secret !== undefined && { 'tocsin-signature': `v1=${signatureOf(secret, timestamp, body)}` }),
      };
      return post({ url, headers, body, setting: `receivers.${name}.url`, secrets }, clock, signal);
    },
  };
}

/** HMAC-SHA256, hex, over `timestamp.body`: an old request cannot be sent again as a new one. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

export const webhookReceiver: ReceiverKind<typeof webhookConfig> = {
  name: 'webhook',
  description: 'Posts each alert as JSON to an address, signed with HMAC-SHA256 where there is a secret.',
  config: webhookConfig,
  create: createWebhook,
};
