import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlertEvent, AlertLocale } from '../alert-event.ts';
import { UTC, zoneNamed, type Zone } from '../../core/told-time.ts';
import type { ReceiverDeps } from '../receiver.ts';
import { textsOf } from '../text/texts.ts';
import { consoleConfig } from './config.ts';
import { consoleReceiver } from './console.ts';

const alert: AlertEvent = {
  alert_id: '712b0e22-0b84-8e86-b21c-77789d187cc6',
  alert_time: '2025-12-18T02:58:00.000Z',
  alert_type: 'revenue_drop',
  severity: 'high',
  metric_name: 'eCPM',
  current_value: 0.5,
  expected_value: 2.5,
  deviation_percent: -80,
  message: '💸 Revenue drop! US banner: $2.50 → $0.50 (-80.0%)',
  status: 'firing',
  repeat: 0,
  pipeline: 'adtech',
  detector: 'ema-threshold',
  measure: 'ecpm',
  unit: 'USD',
  direction: 'down',
  window: '1m',
  window_start: '2025-12-18T02:57:00.000Z',
  window_end: '2025-12-18T02:58:00.000Z',
  labels: { country: 'US', ad_format: 'banner' },
  series: 'ecpm{country="US",ad_format="banner"}',
  since: '2025-12-18T02:57:00.000Z',
  explanation: {
    text: 'Why.',
    observed: 0.5,
    expected: 2.5,
    ratio: 0.2,
    baseline: { windows: 9 },
    threshold: 1.25,
    not_fired_if: 'At $1.25 or more it would not have fired.',
  },
  likely_causes: ['wrong bid price', 'sold out'],
  runbook: null,
  impact: { money_per_hour: 120, currency: 'USD' },
};

interface Options extends Pick<ReceiverDeps, 'pageUrl' | 'localPageUrl'> {
  readonly colour?: boolean;
  readonly locale?: AlertLocale;
  readonly zone?: Zone;
  readonly config?: object;
}

async function written(event: AlertEvent, options: Options = {}): Promise<string> {
  let text = '';
  const deps = {
    write: (part: string) => void (text += part),
    colour: options.colour ?? false,
    locale: options.locale ?? 'en',
    zone: options.zone ?? UTC,
    clock: { now: () => 0, elapsed: () => 0 },
    pageUrl: options.pageUrl,
    localPageUrl: options.localPageUrl,
  } as const;
  const receiver = consoleReceiver.create('terminal', consoleConfig.parse(options.config ?? {}), deps);
  assert.deepEqual(await receiver.send({ alert: event, dedupKey: '' }, new AbortController().signal), { ok: true });
  return text;
}

test('an alert is one block with what, how bad, since when, why and what it costs', async () => {
  assert.equal(
    await written(alert),
    [
      '💸 Revenue drop! US banner: $2.50 → $0.50 (-80.0%)',
      '   HIGH | 2025-12-18 02:58 UTC | ecpm{country="US",ad_format="banner"} | since 2025-12-18 02:57 UTC | revenue_drop | 712b0e22-0b84-8e86-b21c-77789d187cc6',
      '   Why.',
      '   At $1.25 or more it would not have fired.',
      '   likely causes: wrong bid price; sold out',
      '   missing per hour: $120.00',
      '',
    ].join('\n'),
  );
});

test('it names the page that all can open, else the one at this machine, and the runbook while it fires', async () => {
  const runbook = { ...alert, runbook: 'https://wiki.example/ecpm' };
  const last = async (event: AlertEvent, options: Options): Promise<string[]> =>
    (await written(event, options)).trimEnd().split('\n').slice(-2);
  const card = '#/alert/712b0e22-0b84-8e86-b21c-77789d187cc6?pipeline=adtech';
  const here = (): string => 'http://127.0.0.1:8000';
  assert.deepEqual(await last(runbook, { localPageUrl: here }), [
    '   runbook: https://wiki.example/ecpm',
    `   open the alert: http://127.0.0.1:8000/${card}`,
  ]);
  const ended = { ...runbook, status: 'resolved' } as const;
  assert.deepEqual(await last(ended, { localPageUrl: here, pageUrl: 'https://tocsin.example/', locale: 'ko' }), [
    '   Why.',
    `   알림 열기: https://tocsin.example/${card}`,
  ]);
  assert.doesNotMatch(await written(alert, { localPageUrl: () => undefined }), /open:/);
  // Letters are for reading; a space, an invisible character or half a letter stays as it is.
  const encoded = { ...alert, runbook: 'https://wiki.example/%EB%A7%A4%EC%B6%9C%20%E2%80%AE%EB%A7' };
  assert.deepEqual(await last(encoded, {}).then((lines) => lines[1]), '   runbook: https://wiki.example/매출%20%E2%80%AE%EB%A7');
});

test('times are by the clock of the pipeline’s zone, in its sentences too', async () => {
  const explanation = { ...alert.explanation, text: 'Low over 2025-12-18 02:57–02:58 UTC.' };
  const text = await written({ ...alert, explanation }, { zone: zoneNamed('Asia/Seoul') });
  assert.match(text, / HIGH \| 2025-12-18 11:58 UTC\+9 \| .* since 2025-12-18 11:57 UTC\+9 /);
  assert.match(text, /^ {3}Low over 2025-12-18 11:57–11:58 UTC\+9\.$/m);
});

test('all times of a message have seconds where one needs them', async () => {
  const text = await written({ ...alert, alert_time: '2025-12-18T02:58:00.000Z', since: '2025-12-18T02:57:50.000Z' });
  assert.match(text, / 2025-12-18 02:58:00 UTC \| .* since 2025-12-18 02:57:50 UTC /);
});

test('an alert that ended is short', async () => {
  assert.equal((await written({ ...alert, status: 'resolved' })).split('\n').length, 4);
});

test('an end that is no all-clear does not look like one', async () => {
  const lasting = { ...alert, detector: 'evidence', status: 'resolved', explanation: { ...alert.explanation, lasting: true } } as const;
  const text = await written(lasting, { colour: true });
  assert.ok(text.startsWith('\x1b[1;37m'));
  assert.match(text, / NEW LEVEL \| /);
  assert.match(await written(lasting, { locale: 'ko' }), / 새 수준 \| /);
  assert.match(await written({ ...lasting, detector: 'ema-threshold' }), / AVERAGE CAUGHT UP \| /);
  const unjudged = { ...alert, status: 'resolved', current_value: null } as const;
  const ended = await written(unjudged, { colour: true });
  assert.ok(ended.startsWith('\x1b[1;37m'));
  assert.match(ended, / ENDED \| /);
  assert.match(await written(unjudged, { locale: 'ko' }), / 종료 \| /);
});

test('money is written as its currency is', async () => {
  const costs = { 'KRW 28602': '₩28,602', 'JPY 1400.4': '¥1,400', 'EUR -1234.5': '€1,234.50', 'CHF 120': 'CHF\u00a0120.00' };
  for (const [cost, text] of Object.entries(costs)) {
    const [currency = '', money] = cost.split(' ');
    const lines = await written({ ...alert, impact: { currency, money_per_hour: Number(money) } });
    assert.match(lines, new RegExp(`hour: ${text}$`, 'm'));
  }
});

test('words around it come in Korean too', async () => {
  const text = await written({ ...alert, repeat: 2 }, { locale: 'ko' });
  for (const word of ['높음', '재알림 2', '예상 원인: wrong bid price', '시간당 손실: $120.00']) assert.ok(text.includes(word), word);
});

test('colours go to terminals only, and only if wanted', async () => {
  assert.ok((await written(alert, { colour: true })).startsWith('\x1b[1;31m💸'));
  assert.ok((await written({ ...alert, status: 'resolved' }, { colour: true })).startsWith('\x1b[1;32m'));
  assert.ok(!(await written(alert, { colour: true, config: { colour: 'never' } })).includes('\x1b'));
  assert.ok(!(await written(alert)).includes('\x1b'));
});

test('a label cannot steer the terminal', async () => {
  const text = await written({ ...alert, message: 'a\x1b[2Jb\nc\u202Ed' });
  assert.ok(text.startsWith('a�[2Jb�c�d\n'));
});

test('both languages have every word', () => {
  assert.deepEqual(Object.keys(textsOf.ko), Object.keys(textsOf.en));
  assert.ok(Object.values(textsOf.ko).every((word) => word !== ''));
});
