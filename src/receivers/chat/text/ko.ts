import { ko as common } from '../../text/ko.ts';
import type { en } from './en.ts';

/** In Korean a label in a chat reads as it does in a line of text; in English it begins with a capital. */
export const ko: Readonly<Record<keyof typeof en, string>> = {
  country: '국가',
  adFormat: '광고 포맷',
  segment: '세그먼트',
  all: '전체',
  metric: '메트릭',
  severity: '심각도',
  current: '현재 값',
  expected: '예상 값',
  limit: '기준값',
  newFrom: '새 값 알림 기준',
  control: '대조군',
  change: '변화율',
  time: '발생 시간',
  noData: '데이터 없음',
  alertId: '알림 ID',
  alertType: '유형',
  ...common,
};
