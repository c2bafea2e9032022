import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  closeEnough,
  sampleMissing,
  sampleOutcomes,
  sampleRecords,
  sampleResults,
  sampleSpec,
  type SampleOutcome,
} from './adtech-sample.ts';
import { judge } from './oracle.ts';
import type { Verdict } from './outcomes.ts';

const iso = (time: number) => new Date(time).toISOString();

function asStated(verdict: Verdict, line: number): SampleOutcome {
  const { outcome, reason, firstOffset, windowStart, watermark, correction } = verdict;
  return {
    line,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(firstOffset === undefined ? {} : { first_line: firstOffset + 1 }),
    ...(windowStart === undefined ? {} : { window_start: iso(windowStart) }),
    ...(outcome === 'late' && watermark !== undefined ? { watermark: iso(watermark) } : {}),
    ...(correction === undefined ? {} : { correction }),
  };
}

test('the oracle gives every stated outcome of the ad-tech sample', { skip: sampleMissing }, () => {
  const judgement = judge(sampleSpec, [[sampleRecords()]], { clock: 'event' });
  const got = (judgement.verdicts[0]?.[0] ?? []).map((verdict, offset) => asStated(verdict, offset + 1));
  const expected = sampleOutcomes().map((stated) => {
    const { note: _, ...rest } = stated as SampleOutcome & { note?: string };
    return rest;
  });
  assert.equal(got.length, expected.length);
  expected.forEach((stated, index) => assert.deepEqual(got[index], stated));
  assert.deepEqual({ ...judgement.counts }, sampleResults().summary.outcomes);
  assert.equal(iso(judgement.watermarks[0]?.[0] ?? NaN), sampleResults().summary.watermark_at_end);
});

test('the oracle gives every stated window of the ad-tech sample', { skip: sampleMissing }, () => {
  const { rows } = judge(sampleSpec, [[sampleRecords()]], { clock: 'event' });
  const expected = sampleResults().windows;
  assert.equal(rows.length, expected.length);
  const found = new Map(rows.map((row) => [`${iso(row.start)} ${row.labels['country']} ${row.labels['ad_format']}`, row]));
  for (const stated of expected) {
    const name = `${stated.window_start} ${stated.country} ${stated.ad_format}`;
    const row = found.get(name);
    assert.ok(row, name);
    assert.equal(iso(row.end), stated.window_end, name);
    assert.equal(row.corrections, stated.corrections, name);
    assert.equal(row.final, stated.final, name);
    assert.equal(row.atFinal === undefined, stated.at_final === null, name);
    for (const measure of ['impressions', 'clicks', 'conversions'] as const) {
      assert.equal(row.values.measures[measure], stated[measure], name);
      if (stated.at_final) assert.equal(row.atFinal?.measures[measure], stated.at_final[measure], name);
    }
    for (const measure of ['revenue', 'ctr', 'ecpm'] as const) {
      assert.ok(closeEnough(row.values.measures[measure], stated[measure]), `${name} ${measure}: ${row.values.measures[measure]}`);
    }
    if (stated.at_final) assert.ok(closeEnough(row.atFinal?.measures['revenue'], stated.at_final.revenue), name);
  }
});
