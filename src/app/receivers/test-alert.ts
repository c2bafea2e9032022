/** An alert that says that nothing is wrong: for trying a receiver. */
import { alertRecord } from '../../alerts/alert-record.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { AlertEvent } from '../../receivers/alert-event.ts';

const MESSAGES = {
  en: '🔔 Test alert from Tocsin: nothing is wrong',
  ko: '🔔 Tocsin 테스트 알림: 이상 없음',
} as const;
const CAUSES = { en: 'Somebody tries this receiver', ko: '수신 테스트' } as const;
/** Neutral: whatever detector the pipeline has, none has spoken. */
const EXPLANATIONS = {
  en: { text: 'These values are made up: no detector has seen anything.', not_fired_if: 'A real alert says here why it rings.' },
  ko: { text: '임의의 값입니다. 탐지기가 발견한 이상은 없습니다.', not_fired_if: '실제 알림에는 여기에 발생 이유가 표시됩니다.' },
} as const;

/** As one of the pipeline's own, of its first watched measure; `nowMs` is the end of the window at hand. */
export function testAlert({ engine, monitor, locale }: LoadedPipeline, nowMs: number): AlertEvent {
  const watched = monitor.detect[0];
  const measure = engine.measures.find(({ name }) => name === watched?.measure) ?? engine.measures[0]!;
  const runbook = watched?.naming?.down?.runbook ?? watched?.naming?.up?.runbook;
  const window = engine.windows.find(({ name }) => name === watched?.window) ?? engine.windows[0]!;
  const startMs = nowMs - window.sizeMs;
  const event = alertRecord(
    {
      pipeline: engine.pipeline,
      detector: 'test',
      measure,
      window,
      direction: 'down',
      labels: Object.fromEntries(engine.dimensions.map((name) => [name, 'test'])),
      metricName: measure.name,
      naming: { alertType: 'test', severity: 'low', hints: [CAUSES[locale]], ...(runbook !== undefined && { runbook }) },
      falseAlarmsPerDay: monitor.falseAlarmsPerDay,
    },
    {
      status: 'firing',
      repeat: 0,
      since: startMs,
      observed: 2,
      judged: { expected: 5, threshold: 2.5, baselineWindows: null },
      volume: 0,
      severity: null,
    },
    { startMs, endMs: nowMs },
    locale,
  );
  return { ...event, message: MESSAGES[locale], explanation: { ...event.explanation, ...EXPLANATIONS[locale] }, impact: null };
}
