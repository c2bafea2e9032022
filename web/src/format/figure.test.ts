import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueText } from '../../../src/alerts/value-text.ts';
import { formatFigure } from './figure.ts';

test('a figure is written as the sentence above it writes it', () => {
  const measures = [
    { kind: 'count' },
    { kind: 'distinct', unit: 'users' },
    { kind: 'ratio', unit: '%' },
    { kind: 'sum', unit: 'USD', currency: 'USD' },
    { kind: 'sum', unit: 'KRW', currency: 'KRW' },
    { kind: 'sum', unit: 'CAD', currency: 'CAD' },
    { kind: 'sum', unit: 'RPM' },
    { kind: 'max', unit: 'ms' },
  ] as const;
  const values = [0, 7, 8.25, 900.04, 3_805, 1_234_567, 1_234.5, 0.0031, 0.01, 0.064, 99.96, -95.16];
  for (const measure of measures) {
    const format = { unit: 'unit' in measure ? measure.unit : null, kind: measure.kind };
    for (const value of values) {
      for (const language of ['en', 'ko']) assert.equal(formatFigure(value, format, language), valueText(value, measure));
    }
  }
  assert.equal(formatFigure(900.04, { unit: null, kind: 'count' }, 'en'), '900');
  assert.equal(formatFigure(3_805, { unit: null, kind: 'count' }, 'en'), '3,805');
  assert.equal(formatFigure(null, { unit: null, kind: 'count' }, 'en'), '–');
});
