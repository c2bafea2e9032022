import { z } from 'zod';
import { addressText, optionalField } from '../http/address.ts';

export const discordConfig = z.strictObject({
  url: addressText.describe(
    "Address of a webhook of a Discord channel, best as `${DISCORD_WEBHOOK_URL}`: it is the channel's password. `${NAME}` stands for an environment variable; `?thread_id=…` at its end names a thread.",
  ),
  optional: optionalField,
});

export type DiscordConfig = z.output<typeof discordConfig>;
