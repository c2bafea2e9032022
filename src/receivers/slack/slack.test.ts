import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';
import { startServer } from '../../../test/support/http-server.ts';
import { sampleAlert } from '../../../test/support/sample-alert.ts';
import { slackFaults } from '../../../test/support/slack-limits.ts';
import { UTC } from '../../core/told-time.ts';
import { chatTexts } from '../chat/text/texts.ts';
import { slackConfig } from './config.ts';
import { slackMarkup, slackText } from './limits.ts';
import { slackMessage } from './message.ts';
import { slackReceiver } from './slack.ts';

const deps = { write: () => {}, colour: false, locale: 'en', zone: UTC, clock: { now: () => 0, elapsed: () => 0 } } as const;

const PAGE = 'https://tocsin.example';
/** What a message may have of Slack's markup: dates, and links to where it was told to link to. */
const MARKUP = /<!date\^\d+\^[{}\w ]+\|[\d :–-]+ UTC>|<https:\/\/(tocsin|wiki)\.example\/[^<>|]*\|[^<>|]+>/g;

function textsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'text' in value && typeof value.text === 'string' ? [value.text] : [];
  return [...own, ...Object.values(value).flatMap(textsOf)];
}

test('a message has header, fields, why, and the alert’s id and type', () => {
  const { text, blocks } = slackMessage(sampleAlert, { locale: 'en' });
  assert.equal(text, sampleAlert.message);
  assert.deepEqual(
    blocks.map(({ type }) => type),
    ['header', 'section', 'section', 'context'],
  );
  assert.deepEqual(textsOf(blocks), [
    '🚨 CTR drop! US banner: 5.70% → 0.00% (-100.0%)',
    '*Country:*\nUS',
    '*Ad format:*\nbanner',
    '*Metric:*\nCTR',
    '*Severity:*\n🚨 HIGH',
    '*Current value:*\n0.00%',
    '*Expected value:*\n5.70%',
    '*Change:*\n-100.0%',
    '*Time:*\n<!date^1766026680^{date_num} {time}|2025-12-18 02:58 UTC>',
    '*Since:*\n<!date^1766026620^{date_num} {time}|2025-12-18 02:57 UTC>',
    'CTR of US banner was 0.00%. At 2.85% or more it would not have fired. Likely causes: A broken creative; A broken landing page. Missing per hour: $500.00.',
    'Alert ID: 712b0e22-0b84-8e86-b21c-77789d187cc6 | Type: ctr_drop | adtech',
  ]);
});

test('where the page is known it links to the alert’s card; while it fires also to the runbook', () => {
  const alert = { ...sampleAlert, runbook: 'https://wiki.example/ctr?a=1&b=(2)|3' };
  const links = (changes: object, locale: 'en' | 'ko' = 'en'): string[] =>
    textsOf(slackMessage({ ...alert, ...changes }, { locale, pageUrl: 'https://tocsin.example/ads/' })).filter((text) =>
      text.startsWith('<'),
    );
  const card = 'https://tocsin.example/ads/#/alert/712b0e22-0b84-8e86-b21c-77789d187cc6?pipeline=adtech';
  assert.deepEqual(links({}), [`<${card}|Open the alert> · <https://wiki.example/ctr?a=1&amp;b=%282%29%7C3|Runbook>`]);
  assert.deepEqual(links({ status: 'resolved' }, 'ko'), [`<${card}|알림 열기>`]);
  assert.deepEqual(links({ runbook: 'javascript:alert(1)' }), [`<${card}|Open the alert>`], 'of a record of another hand');
  assert.equal(slackMessage(sampleAlert, { locale: 'en' }).blocks.length, 4, 'nothing to link to');
});

test('times of a sentence are each reader’s, and by UTC for who cannot show that', () => {
  const said = (text: string): string => slackMarkup(text, 3_000);
  assert.equal(
    said('CTR was 1% over 2025-12-18 02:57–02:58 UTC.'),
    'CTR was 1% over <!date^1766026620^{date_num} {time}|2025-12-18 02:57 UTC>–<!date^1766026680^{time}|2025-12-18 02:58 UTC>.',
  );
  assert.equal(said('2025-12-18 02:57:10 UTC'), '<!date^1766026630^{date_num} {time_secs}|2025-12-18 02:57:10 UTC>');
  assert.match(said('2025-12-16 02:57–2025-12-18 02:58 UTC'), /–<!date\^1766026680\^\{date_num\} \{time\}\|/);
  assert.equal(slackMarkup('at 2025-12-18 02:57 UTC', 40), 'at …', 'whole or not at all');
});

test('money is written as it is in the header', () => {
  const money = { unit: 'KRW', current_value: 1_400, expected_value: 3_500, impact: { money_per_hour: 32_886, currency: 'KRW' } };
  const texts = textsOf(slackMessage({ ...sampleAlert, ...money }, { locale: 'ko' }));
  for (const text of ['*현재 값:*\n₩1,400', '*예상 값:*\n₩3,500']) assert.ok(texts.includes(text), text);
  assert.ok(texts.some((text) => text.endsWith(' 시간당 손실: ₩32,886.')));
});

test('in Korean too', () => {
  const texts = textsOf(slackMessage({ ...sampleAlert, current_value: null, deviation_percent: null }, { locale: 'ko' }));
  for (const text of ['*국가:*\nUS', '*광고 포맷:*\nbanner', '*심각도:*\n🚨 높음', '*현재 값:*\n데이터 없음', '*변화율:*\n-']) {
    assert.ok(texts.includes(text), text);
  }
  assert.equal(texts.at(-1), '알림 ID: 712b0e22-0b84-8e86-b21c-77789d187cc6 | 유형: ctr_drop | adtech');
  assert.deepEqual(Object.keys(chatTexts.ko), Object.keys(chatTexts.en));
});

test('a limit, a control and the share from which new values are told are not called expected', () => {
  const named = (changes: object): string[] => {
    const texts = textsOf(slackMessage({ ...sampleAlert, explanation: { ...sampleAlert.explanation, ...changes } }, { locale: 'en' }));
    return texts.flatMap((text) => (text.endsWith(':*\n5.70%') ? [text.slice(1, text.indexOf(':'))] : []));
  };
  assert.deepEqual(named({}), ['Expected value']);
  assert.deepEqual(named({ baseline: null }), ['Limit']);
  assert.deepEqual(named({ baseline: null, unseen: true }), ['New values from']);
  assert.deepEqual(named({ evidence: { permitted_error: 0.05 } }), ['Control']);
});

test('small values have the digits that the headline has', () => {
  const small = { ...sampleAlert, unit: null, current_value: 0.0031, expected_value: 0.0048 };
  const texts = textsOf(slackMessage(small, { locale: 'en' }));
  assert.ok(texts.includes('*Current value:*\n0.0031') && texts.includes('*Expected value:*\n0.0048'), texts.join(' | '));
  const shares = textsOf(slackMessage({ ...small, unit: '%' }, { locale: 'en' }));
  assert.ok(shares.includes('*Current value:*\n0.0031%'), shares.join(' | '));
});

test('an alert that ended says so, and no more than that', () => {
  const texts = textsOf(slackMessage({ ...sampleAlert, status: 'resolved' }, { locale: 'en' }));
  assert.ok(texts.includes('*Severity:*\n✅ RESOLVED'));
  assert.ok(!texts.some((text) => text.includes('Likely causes')));
  const unjudged = textsOf(slackMessage({ ...sampleAlert, status: 'resolved', current_value: null }, { locale: 'en' }));
  assert.ok(unjudged.includes('*Severity:*\n☑️ ENDED'), 'no all-clear');
});

test('an end that is no all-clear does not look like one', () => {
  const lasting = {
    ...sampleAlert,
    detector: 'evidence',
    status: 'resolved',
    explanation: { ...sampleAlert.explanation, lasting: true },
  } as const;
  const texts = textsOf(slackMessage(lasting, { locale: 'en' }));
  assert.ok(texts.includes('*Severity:*\n☑️ NEW LEVEL'));
  assert.ok(!texts.some((text) => text.includes('✅')));
});

test('whatever events bring, a message is within Slack’s limits and mentions nobody', () => {
  const nasty = fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 30 }),
    fc.constantFrom('<!channel>', '&amp;', '', ' ', '\n', '2025-12-18 02:57–03:01 UTC', '2025-12-18 02:57 UTC '.repeat(200)),
    fc.string({ minLength: 5_000, maxLength: 9_000 }),
  );
  const labels = fc.dictionary(fc.string({ minLength: 1, maxLength: 40 }), nasty, { maxKeys: 14 });
  const runbook = fc.constantFrom(null, 'https://wiki.example/a|b>c(d)?x=<y>', `https://wiki.example/?${'&'.repeat(900)}`);
  const number = fc.oneof(fc.double({ noNaN: true }), fc.constant(null));
  fc.assert(
    fc.property(
      labels,
      nasty,
      nasty,
      fc.array(nasty, { maxLength: 5 }),
      number,
      fc.constantFrom('en', 'ko'),
      runbook,
      (labelled, message, text, causes, value, locale, address) => {
        const explanation = { ...sampleAlert.explanation, text };
        const alert = {
          ...sampleAlert,
          labels: labelled,
          message,
          metric_name: text,
          explanation,
          likely_causes: causes,
          current_value: value,
          unit: null,
          runbook: address,
        };
        const made = slackMessage(alert, { locale, pageUrl: PAGE });
        assert.deepEqual(slackFaults(made), []);
        for (const each of textsOf(made)) assert.doesNotMatch(each.replace(MARKUP, ''), /[<>]|&(?!(amp|lt|gt);)/);
      },
    ),
    { numRuns: 150 },
  );
});

test('a text is cut between characters, never within an escape', () => {
  assert.equal(slackText('<b> & "c"', 99), '&lt;b&gt; &amp; "c"');
  assert.equal(slackText('ab<cd', 7), 'ab&lt;…');
  assert.equal(slackText('ab<cd', 6), 'ab…');
  assert.equal(slackText('a🚨b', 3), 'a…');
  assert.equal(slackText(' \n', 9), '-');
});

test('Slack’s answers come with what to do', async (t) => {
  const { origin, received } = await startServer(t, (_, response) => response.writeHead(404).end('no_service'));
  const receiver = slackReceiver.create('slack', slackConfig.parse({ url: `${origin}/services/T0/B0/x` }), deps);
  const result = await receiver.send({ alert: sampleAlert, dedupKey: 'k' }, AbortSignal.timeout(5_000));
  assert.ok(!result.ok && !result.retryable);
  assert.match(result.reason, /answered 404: no_service \(the webhook was removed or its address is not complete/);
  assert.deepEqual(slackFaults(JSON.parse(received[0]!.body)), []);
});
