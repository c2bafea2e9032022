import type { en } from './en.ts';

export const ko: Readonly<Record<keyof typeof en, string>> = {
  low: '낮음',
  medium: '보통',
  high: '높음',
  critical: '심각',
  resolved: '해제',
  no_data: '종료',
  unwatched: '감시 종료',
  new_level: '새 수준',
  caught_up: '이동 평균이 따라감',
  since: '시작',
  reminder: '재알림',
  causes: '예상 원인',
  missing: '시간당 손실',
  excess: '시간당 초과',
  open: '알림 열기',
  runbook: '런북',
};
