import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { localIso, spanText, splitTimes, timeText, UTC, withZone, zoneNamed, instantOf, parseWritten } from './told-time.ts';

const at = (iso: string): number => Date.parse(iso);
const seoul = zoneNamed('Asia/Seoul');
const newfoundland = zoneNamed('America/St_Johns');

test('times are told with their zone, seconds where there are some', () => {
  assert.equal(timeText(at('2025-12-18T02:57:00Z')), '2025-12-18 02:57 UTC');
  assert.equal(timeText(at('2025-12-18T02:57:10.250Z')), '2025-12-18 02:57:10 UTC');
  assert.equal(timeText(at('2025-12-18T20:57:00Z'), seoul), '2025-12-19 05:57 UTC+9');
  assert.equal(timeText(at('2025-12-18T02:57:00Z'), newfoundland), '2025-12-17 23:27 UTC-3:30');
  assert.equal(timeText(at('2025-12-18T02:57:00Z'), seoul, true), '2025-12-18 11:57:00 UTC+9', 'beside one that has some');
  assert.equal(withZone('from 2025-12-18 02:57:00 UTC on', seoul), 'from 2025-12-18 11:57:00 UTC+9 on');
  assert.equal(timeText(at('2025-07-18T02:57:00Z'), newfoundland), '2025-07-18 00:27 UTC-2:30');
});

test('a span names the day of its end where that is another', () => {
  assert.equal(spanText(at('2025-12-18T02:57:00Z'), at('2025-12-18T02:58:00Z')), '2025-12-18 02:57–02:58 UTC');
  assert.equal(spanText(at('2025-12-18T02:57:00Z'), at('2025-12-18T02:57:10Z')), '2025-12-18 02:57:00–02:57:10 UTC');
  assert.equal(spanText(at('2025-12-17T23:58:00Z'), at('2025-12-18T00:03:00Z')), '2025-12-17 23:58–2025-12-18 00:03 UTC');
  assert.equal(spanText(at('2025-12-17T23:58:00Z'), at('2025-12-18T00:03:00Z'), seoul), '2025-12-18 08:58–09:03 UTC+9');
});

test('a span across a change of the clock keeps the clock of its beginning', () => {
  const berlin = zoneNamed('Europe/Berlin');
  assert.equal(spanText(at('2026-03-29T00:50:00Z'), at('2026-03-29T01:10:00Z'), berlin), '2026-03-29 01:50–02:10 UTC+1');
});

test('what is told is found again, whatever stands around it', () => {
  const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1_000);
  const words = fc.string({ unit: fc.constantFrom('a', ' ', '(', ')', '–', '한', '.') });
  fc.assert(
    fc.property(time, time, words, words, (one, other, before, after) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      const pieces = splitTimes(`${before}${spanText(from, to)} ${timeText(from)}${after}`).filter((piece) => typeof piece !== 'string');
      assert.deepEqual(
        pieces.map((piece) => [piece.from, piece.to]),
        [
          [from, to],
          [from, undefined],
        ],
      );
    }),
  );
});

test('a sentence is told by the clock of a zone; what only looks like a time stays', () => {
  const text = 'CTR was low over 2025-12-18 02:57–02:58 UTC (US since 2025-12-17 23:58:30 UTC).';
  assert.equal(withZone(text, seoul), 'CTR was low over 2025-12-18 11:57–11:58 UTC+9 (US since 2025-12-18 08:58:30 UTC+9).');
  assert.equal(withZone(text, UTC), text);
  for (const odd of ['2025-13-18 02:57 UTC', '02:57 UTC', '2025-12-18 02:57 UTC+9', '2025-12-18 25:57–02:58 UTC', ''])
    assert.equal(withZone(odd, seoul), odd);
});

test('a table cuts what it needs out of an instant by a zone’s clock', () => {
  assert.equal(localIso('2025-12-18T20:57:00.000Z', seoul), '2025-12-19T05:57:00.000Z');
  assert.equal(localIso('2025-12-18T20:57:00.000Z', UTC), '2025-12-18T20:57:00.000Z');
  assert.throws(() => zoneNamed('Asia/Seul'), RangeError);
});

test('what is written is read back: with its zone an instant, without one what a clock showed', () => {
  const newYork = zoneNamed('America/New_York');
  for (const zone of [UTC, seoul, newYork, zoneNamed('Asia/Kolkata')]) {
    for (const iso of [
      '2025-12-18T02:57:00Z',
      '2025-12-18T02:57:31Z',
      '2025-03-09T06:59:00Z',
      '2025-03-09T07:00:00Z',
      '2025-11-02T08:00:00Z',
    ]) {
      const time = Date.parse(iso);
      assert.equal(parseWritten(timeText(time, zone)), time);
      const shown = localIso(new Date(time).toISOString(), zone).slice(0, 19).replace('T', ' ');
      for (const which of ['earlier', 'later'] as const)
        assert.equal(instantOf(parseWritten(shown)!, zone, which), time, `${shown} ${iso}`);
    }
  }
  assert.deepEqual(parseWritten('2025-12-18'), { shown: Date.parse('2025-12-18') });
  assert.equal(parseWritten('2025-12-18 12:00 UTC+5:45'), Date.parse('2025-12-18T06:15:00Z'));
  for (const odd of ['2025-12', '2025-12-18 ', '2025-12-18 UTC', '2025-12-18 25:57', '2025-12-18T02:57', '2025-12-18 02:57 UTC+', '02:57'])
    assert.equal(parseWritten(odd), undefined);
});

test('days and zones that never were are no times', () => {
  for (const odd of ['2026-02-30', '2026-02-30 10:00', '2026-02-30 10:00 UTC', '2026-02-02 10:00 UTC+99', '2026-02-02 10:00 UTC+9:99'])
    assert.equal(parseWritten(odd), undefined, odd);
});

test('of an hour that a clock shows twice, or never, the asker says which instant', () => {
  const instants = (shown: string, zone: string) =>
    (['earlier', 'later'] as const).map((which) =>
      new Date(instantOf(parseWritten(shown)!, zoneNamed(zone), which)).toISOString().slice(8, 16),
    );
  assert.deepEqual(instants('2025-10-26 02:00', 'Europe/Berlin'), ['26T00:00', '26T01:00']);
  assert.deepEqual(instants('2025-10-26 01:59', 'Europe/Berlin'), ['25T23:59', '25T23:59']);
  assert.deepEqual(instants('2025-10-26 03:00', 'Europe/Berlin'), ['26T02:00', '26T02:00']);
  assert.deepEqual(instants('2025-11-02 01:30', 'America/New_York'), ['02T05:30', '02T06:30']);
  assert.deepEqual(instants('2025-03-09 02:30', 'America/New_York'), ['09T06:30', '09T07:30']);
});
