import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSilence, type SilenceRequest } from './silence-request.ts';

const NOW = Date.parse('2026-03-02T09:00:00.000Z');
const HOUR = 3_600_000;
const ads = { pipeline: 'ads', dimensions: ['country', 'ad_format'], measures: ['ctr'] };
const id = '3f0c1f6e-9c7e-4d65-9e0c-0a4f1f1c2b7d';

const make = (request: SilenceRequest) => makeSilence(request, ads, { nowMs: NOW, id });

test('a request becomes a silence from now on', () => {
  assert.deepEqual(make({ matchers: { country: 'US' }, measure: 'ctr', for: '2h', comment: 'deploy', created_by: 'kim' }), {
    id,
    matchers: { country: 'US' },
    measure: 'ctr',
    starts_at: '2026-03-02T09:00:00.000Z',
    ends_at: '2026-03-02T11:00:00.000Z',
    comment: 'deploy',
    created_by: 'kim',
    created_at: '2026-03-02T09:00:00.000Z',
  });
});

test('a duration counts from the start; a start that has passed is now', () => {
  const later = make({ measure: 'ctr', starts_at: '2026-03-02T22:00:00+01:00', for: '1h' });
  assert.deepEqual([later.starts_at, later.ends_at], ['2026-03-02T21:00:00.000Z', '2026-03-02T22:00:00.000Z']);
  const before = make({ measure: 'ctr', starts_at: '2026-03-01T09:00:00Z', ends_at: '2026-03-02T10:00Z' });
  assert.deepEqual([before.starts_at, before.ends_at], ['2026-03-02T09:00:00.000Z', '2026-03-02T10:00:00.000Z']);
  const printed = make({ measure: 'ctr', starts_at: '2026-03-02 21:30 UTC', ends_at: '2026-03-03 07:00 UTC+9' });
  assert.deepEqual([printed.starts_at, printed.ends_at], ['2026-03-02T21:30:00.000Z', '2026-03-02T22:00:00.000Z']);
});

test('alerts about the pipeline itself can be silenced', () => {
  assert.deepEqual(make({ matchers: { partition: 'raw/0' }, measure: 'ids', for: '1h' }).matchers, { partition: 'raw/0' });
  assert.equal(make({ measure: 'lag', for: '1h' }).measure, 'lag');
});

test('what is refused is refused with how to mend it', () => {
  const US = { matchers: { country: 'US' } };
  const cases: [SilenceRequest, RegExp][] = [
    [
      { for: '2h' },
      /would silence everything; expected at least one of matchers \(country, ad_format, partition\), measure, alert_type and alert_id$/,
    ],
    [{ matchers: {}, for: '2h' }, /would silence everything/],
    [
      { matchers: { land: 'US' }, for: '2h' },
      /found the label "land", which no alert of ads has; expected one of: country, ad_format, partition/,
    ],
    [{ measure: 'cpr', for: '2h' }, /found the measure "cpr".*expected one of: ctr, lag/],
    [{ alert_type: '', for: '2h' }, /found an empty alert_type/],
    [{ alert_id: '17', for: '2h' }, /found alert_id "17"; expected a UUID/],
    [US, /found no end; expected how long it lasts/],
    [{ ...US, for: '2h', ends_at: '2026-03-02T12:00:00Z' }, /found both an end and a duration/],
    [{ ...US, for: 'long' }, /found for "long"; expected one such as 30m/],
    [{ ...US, for: '0h' }, /found for "0h"/],
    [{ ...US, ends_at: '2026-03-02' }, /found ends_at "2026-03-02"; expected a time with a zone/],
    [{ ...US, starts_at: 'now', for: '2h' }, /found starts_at "now"/],
    [{ ...US, ends_at: '2026-03-02 12:00' }, /found ends_at "2026-03-02 12:00"; expected a time with a zone, .* or 2026-03-02 12:00 UTC$/],
    [{ ...US, ends_at: '2026-03-02T09:00:00Z' }, /expected one after 2026-03-02T09:00:00.000Z, when it begins/],
    [{ ...US, for: '31d' }, /expected one within 30 days/],
    [{ ...US, for: '999999999999d' }, /found for|within 30 days/],
    [{ ...US, starts_at: '2026-03-31T09:00:00Z', for: '3d' }, /expected one within 30 days/],
    [{ matchers: { country: 'U'.repeat(1_001) }, for: '2h' }, /too long; expected at most 1000 characters/],
    [{ ...US, for: '2h', comment: 'c'.repeat(2_001) }, /too long/],
  ];
  for (const [request, message] of cases)
    assert.throws(() => make(request), { code: 'usage', message }, JSON.stringify(request).slice(0, 80));
  assert.equal(Date.parse(make({ ...US, for: '30d' }).ends_at), NOW + 720 * HOUR);
});
