import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { discordMessage } from '../discord/message.ts';
import { slackMessage } from '../slack/message.ts';
import { webhookBody } from '../webhook/body.ts';
import { cardAddress } from '../card-address.ts';
import { alertLinks } from './links.ts';
import { chatTexts } from './text/texts.ts';

const CARD = '/#/alert/712b0e22-0b84-8e86-b21c-77789d187cc6?pipeline=adtech';
/** What a browser opens for each link of a message. */
const opened = (texts: readonly string[]) => texts.map((text) => URL.parse(text)?.href);

test('a page and a runbook at an IPv6 address are links that a browser can open, wherever they are told', () => {
  for (const host of ['[::1]', '[::]:8000', '[2001:db8::7]:8443', '[::ffff:192.0.2.1]']) {
    const page = `http://${host}/tocsin`;
    const runbook = `https://${host}/ctr_(drop)[1]`;
    const alert = { ...sampleAlert, runbook };
    const wanted = opened([page + CARD, `https://${host}/ctr_%28drop%29%5B1%5D`]);
    const { blocks } = slackMessage(alert, { locale: 'en', pageUrl: page });
    const slack = blocks.flatMap((block) => ('text' in block && block.text ? [...block.text.text.matchAll(/<(http[^|]*)\|/g)] : []));
    assert.deepEqual(opened(slack.map(([, address]) => address!)), wanted);
    const [{ description }] = discordMessage(alert, { locale: 'en', pageUrl: page }).embeds;
    const discord = [...description.matchAll(/\]\((http[^)]*)\)/g)];
    assert.deepEqual(opened(discord.map(([, address]) => address!)), wanted);
    const { page_url: told } = JSON.parse(webhookBody(alert, cardAddress(page, alert))) as { page_url: string };
    assert.deepEqual(opened([told]), wanted.slice(0, 1));
  }
});

test('what would end a link in a chat is encoded, but for the brackets of a host', () => {
  const [link] = alertLinks({ ...sampleAlert, runbook: 'https://wiki.example/[x](y)|<z>"\'`' }, undefined, chatTexts.en);
  assert.equal(link?.address, "https://wiki.example/%5Bx%5D%28y%29%7C%3Cz%3E%22'%60");
});
