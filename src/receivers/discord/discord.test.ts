import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';
import { discordFaults } from '../../../test/support/discord-limits.ts';
import { startServer } from '../../../test/support/http-server.ts';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { UTC } from '../../core/told-time.ts';
import type { SendResult } from '../receiver.ts';
import { discordConfig } from './config.ts';
import { discordReceiver, webhookAddress } from './discord.ts';
import { discordMarkdown } from './limits.ts';
import { discordMessage } from './message.ts';

const deps = { write: () => {}, colour: false, locale: 'en', zone: UTC, clock: { now: () => 0, elapsed: () => 0 } } as const;

const RUNBOOK = `https://wiki.example/a(b)[c]_${'x'.repeat(900)}`;
/** What a message may have of Discord's markup: times, and links to where it was told to link to. */
const MARKUP = /<t:\d+:[fDtT]>|\[[^[\]]+\]\(https:\/\/(tocsin|wiki)\.example\/[^()]*\)/g;

async function answered(t: TestContext, status: number, body: string, headers: Record<string, string> = {}): Promise<SendResult> {
  const { origin, received } = await startServer(t, (_, response) => response.writeHead(status, headers).end(body));
  const receiver = discordReceiver.create('chat', discordConfig.parse({ url: `${origin}/api/webhooks/12345678/to-ken_5ecret` }), deps);
  assert.equal(receiver.target, origin);
  const result = await receiver.send({ alert: sampleAlert, dedupKey: 'k' }, AbortSignal.timeout(5_000));
  assert.deepEqual([received[0]!.method, received[0]!.path], ['POST', '/api/v10/webhooks/12345678/to-ken_5ecret?wait=true']);
  assert.deepEqual(discordFaults(JSON.parse(received[0]!.body)), []);
  return result.ok ? result : { ...result, reason: result.reason.replace(origin, 'HOST') };
}

test('a message is one embed with title, why, facts and the alert’s id', () => {
  assert.deepEqual(discordMessage(sampleAlert, { locale: 'en' }), {
    embeds: [
      {
        title: '🚨 CTR drop! US banner: 5.70% → 0.00% (-100.0%)',
        description:
          'CTR of US banner was 0.00%. At 2.85% or more it would not have fired. Likely causes: A broken creative; A broken landing page. Missing per hour: $500.00.',
        color: 0xe74c3c,
        fields: [
          { name: 'Country', value: 'US', inline: true },
          { name: 'Ad format', value: 'banner', inline: true },
          { name: 'Metric', value: 'CTR', inline: true },
          { name: 'Severity', value: '🚨 HIGH', inline: true },
          { name: 'Current value', value: '0.00%', inline: true },
          { name: 'Expected value', value: '5.70%', inline: true },
          { name: 'Change', value: '-100.0%', inline: true },
          { name: 'Time', value: '<t:1766026680:f>', inline: true },
          { name: 'Since', value: '<t:1766026620:f>', inline: true },
        ],
        footer: { text: 'Alert ID: 712b0e22-0b84-8e86-b21c-77789d187cc6 | Type: ctr_drop | adtech' },
        timestamp: '2025-12-18T02:58:00.000Z',
      },
    ],
    allowed_mentions: { parse: [] },
  });
});

test('a page whose host has no dot is a link in the text alone: as what the title leads to Discord refuses it', () => {
  const embedOf = (pageUrl: string) => discordMessage(sampleAlert, { locale: 'en', pageUrl }).embeds[0];
  for (const page of ['http://tocsin:8080', 'http://localhost:8080/tocsin', 'http://intranet', 'http://intranet.', 'http://[::1]:8080']) {
    const { url, description } = embedOf(page);
    assert.equal(url, undefined, page);
    assert.ok(description.includes('/#/alert/712b0e22'), description);
  }
  for (const page of ['http://tocsin.example:8080', 'http://10.0.0.7:8080', 'https://tocsin.corp']) {
    assert.ok(embedOf(page).url?.startsWith(`${page}/#/alert/`), page);
  }
});

test('title and description lead to the alert’s card and the runbook; times are each reader’s', () => {
  const explanation = {
    ...sampleAlert.explanation,
    text: 'Low over 2025-12-18 02:57:00–02:57:10 UTC, 2025-12-16 02:57–2025-12-18 02:58 UTC, 2025-12-16 02:57:00–2025-12-18 02:57:10 UTC.',
  };
  const alert = { ...sampleAlert, explanation, runbook: 'https://wiki.example/ctr_(drop)' };
  const [embed] = discordMessage(alert, { locale: 'ko', pageUrl: 'https://tocsin.example' }).embeds;
  const card = 'https://tocsin.example/#/alert/712b0e22-0b84-8e86-b21c-77789d187cc6?pipeline=adtech';
  assert.equal(embed.url, card);
  const times = [
    '<t:1766026620:D> <t:1766026620:T>–<t:1766026630:T>',
    '<t:1765853820:f>–<t:1766026680:f>',
    '<t:1765853820:D> <t:1765853820:T>–<t:1766026630:D> <t:1766026630:T>',
  ];
  assert.ok(embed.description.startsWith(`Low over ${times.join(', ')}. `), embed.description);
  assert.ok(embed.description.endsWith(`\n\n[알림 열기](${card}) · [런북](https://wiki.example/ctr_%28drop%29)`), embed.description);
  const without = discordMessage({ ...alert, status: 'resolved' }, { locale: 'en' }).embeds[0];
  assert.ok(!('url' in without) && !without.description.includes(']('));
  const far = discordMessage(alert, { locale: 'en', pageUrl: `https://tocsin.example/${'a'.repeat(950)}` }).embeds[0];
  assert.equal(far.url, undefined, 'a card too far away for a link: the title leads nowhere, not to the runbook');
});

test('in Korean too, and green when it ended', () => {
  const [embed] = discordMessage({ ...sampleAlert, status: 'resolved', severity: 'critical' }, { locale: 'ko' }).embeds;
  assert.deepEqual(
    embed.fields.map(({ name }) => name),
    ['국가', '광고 포맷', '메트릭', '심각도', '현재 값', '예상 값', '변화율', '발생 시간', '시작'],
  );
  assert.equal(embed.fields[3]!.value, '✅ 해제');
  assert.equal(embed.description, 'CTR of US banner was 0.00%.');
  assert.equal(embed.color, 0x2ecc71);
  assert.notEqual(
    discordMessage({ ...sampleAlert, severity: 'critical' }, { locale: 'ko' }).embeds[0].color,
    discordMessage(sampleAlert, { locale: 'ko' }).embeds[0].color,
  );
});

test('an end that is no all-clear does not look like one', () => {
  const lasting = {
    ...sampleAlert,
    detector: 'evidence',
    status: 'resolved',
    explanation: { ...sampleAlert.explanation, lasting: true },
  } as const;
  const unjudged = { ...sampleAlert, status: 'resolved', current_value: null, deviation_percent: null } as const;
  for (const [end, severity] of [
    [lasting, '☑️ 새 수준'],
    [unjudged, '☑️ 종료'],
  ] as const) {
    const [embed] = discordMessage(end, { locale: 'ko' }).embeds;
    assert.equal(embed.fields[3]!.value, severity);
    assert.equal(embed.color, 0x95a5a6);
  }
});

test('whatever events bring, a message is within Discord’s limits, and makes no link and no mention', () => {
  const nasty = fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 30 }),
    fc.constantFrom(
      '@everyone',
      '<@1>',
      '[x](https://evil.example)',
      '```',
      '# x',
      '2025-12-18 02:57–03:01 UTC',
      '',
      ' ',
      '\n',
      '\ud800',
      '\u3000',
    ),
    fc.constantFrom(...['x', '*', '한', '🚨', 'ab_c '].map((text) => text.repeat(5_000))),
  );
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1, maxLength: 400 }), nasty, { maxKeys: 30 }),
      nasty,
      nasty,
      fc.array(nasty, { maxLength: 5 }),
      fc.oneof(fc.double({ noNaN: true }), fc.constant(null)),
      fc.constantFrom('en', 'ko'),
      (labels, message, text, causes, value, locale) => {
        const explanation = { ...sampleAlert.explanation, text };
        const told = {
          ...sampleAlert,
          runbook: RUNBOOK,
          labels,
          message,
          metric_name: text,
          pipeline: text,
          explanation,
          likely_causes: causes,
        };
        const made = discordMessage({ ...told, current_value: value, unit: null }, { locale, pageUrl: 'https://tocsin.example' });
        assert.deepEqual(discordFaults(made), []);
        const { title, description, fields } = made.embeds[0];
        for (const each of [title, description, ...fields.flatMap((field) => [field.name, field.value])]) {
          assert.doesNotMatch(each.replace(MARKUP, '').replace(/\\[\\*_~`|<>[\]@:#\-+]/g, 'E'), /[\\*_~`|<>[\]@]|:\/|^[#\-+][# ]/);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('a text is cut between characters, never within an escape', () => {
  assert.equal(discordMarkdown('a_b', 9), String.raw`a\_b`);
  assert.equal(discordMarkdown('a_bcd', 5), String.raw`a\_b…`);
  assert.equal(discordMarkdown('a_bcd', 3), 'a…');
  assert.equal(discordMarkdown('- a-b', 9), String.raw`\- a-b`);
  assert.equal(discordMarkdown('-5% at 12:30, http://h', 30), String.raw`-5% at 12:30, http\://h`);
});

test('the address is that of the version whose units are known, and asks for an answer', () => {
  const addressOf = (text: string): string => webhookAddress(new URL(text)).href;
  assert.equal(addressOf('https://discord.com/api/webhooks/1/t'), 'https://discord.com/api/v10/webhooks/1/t?wait=true');
  assert.equal(addressOf('https://discordapp.com/api/webhooks/1/t'), 'https://discord.com/api/v10/webhooks/1/t?wait=true');
  assert.equal(
    addressOf('https://discord.com/api/v9/webhooks/1/t?thread_id=2'),
    'https://discord.com/api/v9/webhooks/1/t?thread_id=2&wait=true',
  );
});

test('a pause is taken from the body, a float of seconds, or from the headers', async (t) => {
  const pause = async (body: string, headers: Record<string, string>): Promise<unknown> => {
    const result = await answered(t, 429, body, headers);
    assert.ok(!result.ok && result.retryable);
    return result.retryAfterMs;
  };
  assert.equal(await pause('{"message": "You are being rate limited.", "retry_after": 64.57, "global": false}', {}), 64_570);
  assert.equal(await pause('{"retry_after": 64.57}', { 'retry-after': '65' }), 65_000);
  assert.equal(await pause('{"retry_after": 0.2}', {}), 1_000);
  assert.equal(await pause('{"retry_after": "soon"}', { 'x-ratelimit-reset-after': '2.5' }), 2_500);
  assert.equal(await pause('<html>error 1015</html>', { 'retry-after': '7' }), 7_000);
  assert.equal(await pause('[]', {}), undefined);
});

test('Discord’s answers come with what to do, and without the address', async (t) => {
  assert.deepEqual(await answered(t, 200, '{}'), { ok: true });
  const gone = await answered(t, 404, '{"message": "Unknown Webhook 12345678 to-ken_5ecret", "code": 10015}');
  assert.ok(!gone.ok && !gone.retryable);
  assert.match(gone.reason, /^HOST answered 404: .*Unknown Webhook \[hidden\] \[hidden\].* \(the webhook was removed or/);
  const forum = await answered(
    t,
    400,
    '{"message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001}',
  );
  assert.match(forum.ok ? '' : forum.reason, /\?thread_id=/);
});
