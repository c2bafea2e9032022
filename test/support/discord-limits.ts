/**
 * Discord's documented limits of a webhook's message, written down from its reference (docs.discord.com: Message Resource, "Embed
 * Structure" and "Embed Limits"; Webhook Resource, "Execute Webhook") and not from our receiver. Lengths are counted in UTF-16 units,
 * which is never less than what Discord may count; white space at the ends is trimmed there before it counts.
 */
type Json = Readonly<Record<string, unknown>>;

const EMBED_KEYS = ['title', 'url', 'description', 'color', 'fields', 'footer', 'timestamp'];

/** What Discord would refuse; empty for a message that it takes. */
export function discordFaults(message: unknown): string[] {
  const { embeds, allowed_mentions: mentions, ...rest } = message as Json;
  const faults = Object.keys(rest).map((key) => `${key} is not known here`);
  if (JSON.stringify(mentions) !== '{"parse":[]}') faults.push('allowed_mentions: nobody may be mentioned');
  if (!Array.isArray(embeds) || embeds.length < 1 || embeds.length > 10) return [...faults, 'embeds: 1 to 10'];
  const total = embeds.flatMap((embed) => countedTexts(embed as Json)).reduce<number>((sum, text) => sum + String(text).length, 0);
  if (total > 6_000) faults.push(`${total} characters in all; at most 6,000`);
  return [...faults, ...embeds.flatMap((embed, index) => embedFaults(embed as Json).map((fault) => `embeds[${index}]: ${fault}`))];
}

function countedTexts({ title, description, fields, footer }: Json): unknown[] {
  return [title, description, ...(fields as Json[]).flatMap(({ name, value }) => [name, value]), (footer as Json)['text']];
}

function embedFaults(embed: Json): string[] {
  const { title, url, description, color, fields, footer, timestamp } = embed;
  const faults = Object.keys(embed)
    .filter((key) => !EMBED_KEYS.includes(key))
    .map((key) => `${key} is not known here`);
  faults.push(...textFaults('title', title, 256), ...textFaults('description', description, 4_096));
  faults.push(...textFaults('footer.text', (footer as Json)['text'], 2_048));
  if (url !== undefined && !/^https?:\/\/\S{1,2000}$/.test(String(url))) faults.push('url: an address, at most 2,048 characters');
  if (!Number.isInteger(color) || Number(color) < 0 || Number(color) > 0xffffff) faults.push('color: an integer up to 0xffffff');
  if (typeof timestamp !== 'string' || new Date(timestamp).toISOString() !== timestamp) faults.push('timestamp: ISO 8601');
  if (!Array.isArray(fields) || fields.length > 25) return [...faults, 'fields: at most 25'];
  for (const [index, { name, value, inline, ...rest }] of (fields as Json[]).entries()) {
    faults.push(...textFaults(`fields[${index}].name`, name, 256), ...textFaults(`fields[${index}].value`, value, 1_024));
    if (typeof inline !== 'boolean' || Object.keys(rest).length > 0) faults.push(`fields[${index}]: name, value and inline`);
  }
  return faults;
}

function textFaults(name: string, text: unknown, charsMax: number): string[] {
  if (typeof text === 'string' && text.trim().length >= 1 && text.length <= charsMax && text.isWellFormed()) return [];
  return [`${name}: 1 to ${charsMax} characters`];
}
