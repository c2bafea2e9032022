/**
 * Slack's documented limits of a message, written down from its reference (docs.slack.dev: blocks, text object, incoming webhooks) and
 * not from our receiver. Lengths are counted in UTF-16 units, which is never less than what Slack may count.
 */
type Json = Readonly<Record<string, unknown>>;

/** What Slack would refuse; empty for a message that it takes. */
export function slackFaults(message: unknown): string[] {
  const { text, blocks } = message as { text?: unknown; blocks?: unknown };
  const faults: string[] = [];
  if (typeof text !== 'string' || text.length < 1 || text.length > 40_000) faults.push('text: 1 to 40,000 characters');
  if (!Array.isArray(blocks) || blocks.length < 1 || blocks.length > 50) return [...faults, 'blocks: 1 to 50'];
  return [...faults, ...blocks.flatMap((block: Json, index) => blockFaults(block).map((fault) => `blocks[${index}]: ${fault}`))];
}

function blockFaults(block: Json): string[] {
  if (block['type'] === 'header') return textFaults(block['text'], ['plain_text'], 150);
  if (block['type'] === 'context') return listFaults('elements', block['elements'], 10, 3_000);
  if (block['type'] !== 'section') return [`type ${String(block['type'])} is not known here`];
  if (block['text'] === undefined && block['fields'] === undefined) return ['a section needs text or fields'];
  return [
    ...(block['text'] === undefined ? [] : textFaults(block['text'], ['plain_text', 'mrkdwn'], 3_000)),
    ...(block['fields'] === undefined ? [] : listFaults('fields', block['fields'], 10, 2_000)),
  ];
}

function listFaults(name: string, list: unknown, most: number, charsMax: number): string[] {
  if (!Array.isArray(list) || list.length < 1 || list.length > most) return [`${name}: 1 to ${most}`];
  return list.flatMap((text, index) => textFaults(text, ['plain_text', 'mrkdwn'], charsMax).map((fault) => `${name}[${index}]: ${fault}`));
}

function textFaults(value: unknown, types: readonly string[], charsMax: number): string[] {
  const { type, text, ...rest } = (value ?? {}) as Json;
  const faults: string[] = [];
  if (!types.includes(String(type))) faults.push(`type ${String(type)}`);
  if (typeof text !== 'string' || text.length < 1 || text.length > charsMax) faults.push(`text: 1 to ${charsMax} characters`);
  const known = type === 'plain_text' ? ['emoji'] : ['verbatim'];
  for (const [name, flag] of Object.entries(rest))
    if (!known.includes(name) || typeof flag !== 'boolean') faults.push(`${name} is not known`);
  return faults;
}
