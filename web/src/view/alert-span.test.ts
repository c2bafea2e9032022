import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanAbout } from './alert-span.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 2, 9);
const at = (minutes: number): string => new Date(START + minutes * MINUTE).toISOString();
const asked = (nowMinutes: number) => ({ slideMs: MINUTE, windowsBack: 120, nowMs: START + nowMinutes * MINUTE });

test('the chart of now shows an alert that began within it', () => {
  assert.equal(spanAbout({ since: at(0), resolved_time: null }, asked(100)), undefined);
});

test('of an older one the chart is of then: about its beginning, and its end where that came soon', () => {
  assert.deepEqual(spanAbout({ since: at(0), resolved_time: null }, asked(110)), { from: at(-60), to: at(60) });
  assert.deepEqual(spanAbout({ since: at(0), resolved_time: at(40) }, asked(5_000)), { from: at(-60), to: at(100) });
  assert.deepEqual(spanAbout({ since: at(0), resolved_time: at(900) }, asked(5_000)), { from: at(-60), to: at(60) });
});
