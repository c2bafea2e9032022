import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MonitorSpec } from '../pipeline/monitor/monitor-spec.ts';
import { alertKindsOf, kindsOf } from './alert-kinds.ts';

type Entry = MonitorSpec['detect'][number];

const typesOf = (config: object, naming?: Entry['naming'], detector: Entry['detector'] = 'evidence'): string[] =>
  kindsOf({ detector, measure: 'ctr', window: '1m', over: 'all', config, ...(naming && { naming }) }).map((kind) => kind.alert_type);

test('only directions that are watched have alerts; where a detector has no such setting, both may', () => {
  assert.deepEqual(typesOf({ down: 0.4 }), ['ctr_drop']);
  assert.deepEqual(typesOf({ down: undefined, up: 1 }), ['ctr_spike']);
  assert.deepEqual(typesOf({ down: 0.4, up: 1 }), ['ctr_drop', 'ctr_spike']);
  assert.deepEqual(typesOf({ down: 0.5, unseen: 0.05 }, undefined, 'mix'), ['ctr_drop', 'ctr_spike']);
  assert.deepEqual(typesOf({ unseen: 0.05 }, undefined, 'mix'), ['ctr_spike']);
  assert.deepEqual(typesOf({ below: 3 }, undefined, 'threshold'), ['ctr_drop']);
  assert.deepEqual(typesOf({ for: 300_000 }, undefined, 'absence'), ['ctr_drop', 'ctr_spike']);
});

test('they are called as the file says, and those about the pipeline itself come on top', () => {
  assert.deepEqual(typesOf({ down: 0.4, up: 1 }, { up: { alertType: 'bots' } }), ['ctr_drop', 'bots']);
  assert.deepEqual(
    alertKindsOf([]).map(({ measure, alert_type: type }) => `${measure} ${type}`),
    ['lag consumer_lag', 'series series_limit', 'ids ids_limit'],
  );
});
