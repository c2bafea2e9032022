/** One alert in two languages: who reads its record in another language reads what would have been written in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import type { Grounds, Verdict } from '../detectors/detector.ts';
import type { AlertEvent, AlertLocale } from '../receivers/alert-event.ts';
import type { MeasureSpec } from '../windows/spec.ts';
import { alertRecord } from './alert-record.ts';
import type { AlertSubject } from './alert-facts.ts';
import { lagAlert } from './lag-alert.ts';
import { limitAlert } from './limit-alert.ts';
import { LOCALES, saidInOf } from './said-in.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2, 9);
const WINDOW = { name: '1m', sizeMs: MINUTE, slideMs: MINUTE };
const measures: readonly MeasureSpec[] = [
  { kind: 'ratio', name: 'ctr', numerator: 'clicks', denominator: 'impressions', scale: 100, unit: '%' },
  { kind: 'count', name: 'impressions', source: 'events', where: [] },
  { kind: 'sum', name: 'revenue', field: 'revenue', unit: 'USD', currency: 'USD', source: 'events', where: [] },
];
const saidIn = saidInOf(measures);

const value = fc.double({ min: 0, max: 1e6, noNaN: true });
const pair = fc.tuple(value, value);
const labels = fc.constantFrom({}, { country: 'KR' }, { country: '{metric}', ad_format: 'banner' });
const grounds: fc.Arbitrary<Grounds> = fc.record(
  {
    logEvidence: fc.double({ min: 0, max: 60, noNaN: true }),
    logThreshold: fc.double({ min: 0, max: 20, noNaN: true }),
    oneIn: value,
    sinceMs: fc.integer({ min: START - 86_400_000, max: START }),
    observed: value,
    expected: value,
    expectedRange: pair,
    ratio: fc.double({ min: 0, max: 50, noNaN: true }),
    ratioRange: pair,
    permittedError: fc.double({ min: 0.001, max: 0.2, noNaN: true }),
    baselineAgeMs: fc.integer({ min: 0, max: 9e9 }),
    contributors: fc.array(fc.record({ labels, share: fc.double({ min: 0, max: 1, noNaN: true }) }), { maxLength: 7 }),
  },
  { requiredKeys: ['logEvidence', 'logThreshold', 'oneIn', 'sinceMs', 'observed', 'expected', 'expectedRange', 'ratio', 'ratioRange', 'baselineAgeMs', 'contributors'] }, // prettier-ignore
);
const keys = fc.array(fc.record({ key: fc.string(), least: fc.nat(99), most: fc.nat(199) }), { maxLength: 7 });
const verdict = fc.record(
  { expected: value, threshold: value, baselineWindows: fc.option(fc.nat(9_999)), grounds, keys, isUnseen: fc.constant(true) },
  { requiredKeys: ['expected', 'threshold', 'baselineWindows'] },
);
const members = fc.array(
  fc.record({ alert_id: fc.uuid(), labels, series: fc.string(), since: fc.constant(new Date(START).toISOString()), told: fc.boolean() }),
  { maxLength: 7 },
);
const hints = fc.array(fc.oneof(fc.string(), fc.record({ en: fc.string(), ko: fc.string() }, { noNullPrototype: true })), { maxLength: 3 });
const open = { number: 1, value: 1, volume: 1, amount: null, exposure: null, verdict: {} as Verdict };
const company = fc.record(
  { members, look: fc.constantFrom(open, { ...open, open_from: new Date(START).toISOString() }) },
  { requiredKeys: [] },
);
const facts = fc.record({
  status: fc.constantFrom('firing' as const, 'resolved' as const),
  repeat: fc.nat(3),
  since: fc.constant(START),
  observed: fc.option(value),
  // What a baseline-less detector weighs evidence on has no age to speak of.
  judged: verdict.filter((one) => one.baselineWindows !== null || one.grounds === undefined),
  volume: value,
  severity: fc.constant(null),
});

test('a record in one language becomes the record that another would have had, and back', () => {
  const about = fc.record({
    hints,
    measure: fc.constantFrom(...measures),
    direction: fc.constantFrom('down' as const, 'up' as const),
    labels,
  });
  fc.assert(
    fc.property(about, facts, company, ({ measure, direction, labels: of, hints: said }, what, beside) => {
      const subject: AlertSubject = {
        pipeline: 'adtech',
        detector: 'evidence',
        measure,
        window: WINDOW,
        direction,
        labels: of,
        metricName: measure.name.toUpperCase(),
        naming: { hints: said },
        falseAlarmsPerDay: 1,
      };
      const at = { startMs: START, endMs: START + MINUTE };
      const written = (locale: AlertLocale): AlertEvent => alertRecord(subject, what, at, locale, beside);
      for (const from of LOCALES) {
        const stored = JSON.parse(JSON.stringify(written(from))) as AlertEvent;
        for (const to of LOCALES) assert.deepEqual(saidIn(stored, to), JSON.parse(JSON.stringify(written(to))));
      }
    }),
    { numRuns: 300 },
  );
});

const LIMIT = { pipeline: 'ads', partition: 'ads/0', limit: 9, window: WINDOW } as const;

function limitOf(locale: AlertLocale): AlertEvent {
  return limitAlert({ ...LIMIT, kind: 'ids', span: { since: START }, locale });
}

function endOfLimitOf(locale: AlertLocale): AlertEvent {
  return limitAlert({ ...LIMIT, kind: 'series', span: { since: START, endedAt: START + MINUTE }, locale });
}

function unwatchedLimitOf(locale: AlertLocale): AlertEvent {
  const span = { since: START, endedAt: START + MINUTE };
  return limitAlert({ ...LIMIT, kind: 'ids', span, told: limitOf(locale), isUnwatched: true, locale });
}

function lagOf(locale: AlertLocale): AlertEvent {
  const amounts = { unit: 's', observed: 61.4, limit: 60, worst: 'ads/1' } as const;
  return lagAlert({ pipeline: 'ads', window: '1m', ...amounts, since: START, now: START + MINUTE, status: 'firing', locale });
}

test('alerts of limits and of lag too', () => {
  for (const write of [limitOf, endOfLimitOf, unwatchedLimitOf, lagOf]) {
    assert.notEqual(write('ko').message, write('en').message);
    assert.deepEqual(saidIn(write('en'), 'ko'), write('ko'));
    assert.deepEqual(saidIn(write('ko'), 'en'), write('en'));
  }
});

test('a record that lacks what the words need stays as it was written', () => {
  const lag = lagOf('en');
  const { furthest_behind: _, ...explanation } = lag.explanation;
  const old = { ...lag, explanation };
  assert.equal(saidIn(old, 'ko'), old);
  const gone = { ...lag, detector: 'evidence', measure: 'a measure of last year' };
  assert.equal(saidIn(gone, 'ko'), gone);
});

test('a record of another hand stays as it was written, whatever it lacks', () => {
  const { explanation, ...foreign } = { ...limitOf('en'), detector: 'evidence', measure: 'impressions' };
  const without = foreign as AlertEvent;
  const records = [
    without,
    { ...without, explanation: null } as unknown as AlertEvent,
    { ...without, explanation: {} } as unknown as AlertEvent,
    { ...without, explanation: { ...explanation, evidence: {} } } as unknown as AlertEvent,
    { ...without, explanation, labels: undefined } as unknown as AlertEvent,
  ];
  for (const record of records) {
    for (const locale of LOCALES) assert.equal(saidIn(record, locale), record);
  }
});
