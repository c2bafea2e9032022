/** What happens in the made-up market: alerts of its breaks, outcomes, dead letters, topics. */
import type { AlertList, DeadLetterList, PipelineStatus, TopicList } from '../../src/server/api.ts';
import type { AlertEvent } from '../../src/receivers/alert-event.ts';
import { BREAK, type Market } from './market.ts';

type Episode = AlertList['alerts'][number];

export interface News {
  /** The alerts that began or ended since the last call. */
  tick(): AlertEvent[];
  alerts(): readonly Episode[];
  status(): PipelineStatus;
  deadLetters(reason: string | null): DeadLetterList;
  topics(): TopicList;
}

const REASONS: Readonly<Record<string, number>> = {
  late: 412,
  'missing:country': 181,
  bad_json: 96,
  'enum:event_type': 58,
  future: 12,
  too_long: 3,
};

export function createNews(market: Market, now: () => number): News {
  const began = now();
  let told = new Map<string, string>();

  const episodes = (): Episode[] => {
    const found: Episode[] = [];
    const settled = now() - 13_000;
    for (let at = Math.floor(settled / BREAK.everyMs) * BREAK.everyMs; at > now() - 18 * 60_000; at -= BREAK.everyMs) {
      const over = settled >= at + BREAK.forMs + 20_000;
      found.push(episode(at, over ? at + BREAK.forMs + 20_000 : null, 'US', 'banner', 'ctr'));
      if (settled > at + 40_000)
        found.push(episode(at + 40_000, settled > at + 80_000 ? at + 80_000 : null, 'KR', 'rewarded_video', 'impressions'));
      found.push(incident(at - 50_000, settled > at + 200_000 ? at + 200_000 : null));
    }
    return found.sort((a, b) => (a.since < b.since ? 1 : -1));
  };
  const status = (): PipelineStatus => {
    const read = 1_268_440 + Math.round(now() - began);
    const outcomes = { duplicate: 12_684, late: 412, invalid: 350, ignored: 1_204 };
    const accepted = read - Object.values(outcomes).reduce((sum, each) => sum + each, 0);
    const partition = (index: number): PipelineStatus['partitions'][number] => ({
      name: `demo-events/${index}`,
      offset: Math.floor(read / 2),
      end: Math.floor(read / 2) + 20 * index,
      lag: 20 * index,
      lag_seconds: 1.5 * index,
      watermark: new Date(now() - 3_200 - 400 * index).toISOString(),
      outcomes: { accepted: 0, duplicate: 0, late: 0, invalid: 0, ignored: 0 },
      ids: { remembered: 600_000, forgotten_early: 0, bytes: 9_400_000 },
    });
    return {
      pipeline: 'demo',
      outcomes: { ...outcomes, accepted, read },
      invalid_reasons: REASONS,
      replayed: 0,
      records_per_second: 1_000 + Math.round(60 * Math.sin(now() / 7_000)),
      partitions: [partition(0), partition(1)],
      frontier: new Date(now() - 10_000).toISOString(),
      windows: { '10s': { results: 2_520, corrections: 31 }, '1m': { results: 420, corrections: 12 } },
      alerts: { fired: 8, sent: 12, firing: episodes().filter((each) => each.status === 'firing').length, groups: [] },
      looks: { looked: 40_320, skipped: 0 },
      threads: { running: 0, restarts: 0 },
      dead_letters: 762,
      queues: { olap_lag: 0, notifications: 0, hot_store_rows: 0, partials: 0 },
      backpressure: [],
      olap_store: 'ready',
    };
  };

  return {
    tick: () => {
      const all = episodes();
      const fresh = all.filter((each) => told.get(each.alert_id) !== each.status);
      told = new Map(all.map((each) => [each.alert_id, each.status]));
      return fresh;
    },
    alerts: episodes,
    status,
    deadLetters: (asked) => ({
      by_reason: REASONS,
      dead_letters: Object.keys(REASONS)
        .filter((reason) => asked === null || reason === asked)
        .flatMap((reason, r) =>
          [0, 1, 2].map((n) => ({
            topic: 'demo-events',
            partition: n % 2,
            offset: 90_000 + r * 10 + n,
            revision: 1,
            outcome: reason === 'late' ? ('late' as const) : ('invalid' as const),
            reason,
            append_time: new Date(began - (r * 3 + n) * 7_000).toISOString(),
            payload: `{"event_id":"e-${r}${n}84120","event_time":"2026-11-21T04:0${n}:12.402Z","event_type":"impression","ad_format":"native","revenue":0.0021,"user":"u-${n}\\u0000 “따옴표”"}`,
            origin: `demo-events/${n % 2}/${90_000 + r * 10 + n}`,
            replay: n === 2 && r === 0 ? ('accepted' as const) : null,
          })),
        ),
    }),
    topics: () => ({
      topics: Object.values(market.info.topics)
        .concat('demo-events')
        .map((name, index) => ({
          name,
          partitions: [{ partition: 0, start: 0, end: 4_000 * (index + 1), stored_bytes: 1_300_000 * (index + 1) ** 2 }],
        })),
    }),
  };
}

/** A country that breaks, told once, with evidence. */
function incident(since: number, resolved: number | null): Episode {
  const base = episode(since, resolved, 'BR', 'banner', 'ctr');
  const iso = (ms: number): string => new Date(ms).toISOString();
  const formats = ['rewarded_video', 'native', 'banner'];
  return {
    ...base,
    alert_id: `ecpm-${since}`,
    alert_type: 'revenue_drop',
    severity: 'critical',
    metric_name: 'eCPM',
    measure: 'ecpm',
    unit: 'USD',
    detector: 'evidence',
    labels: { country: 'BR' },
    series: 'ecpm{country="BR"}',
    current_value: 0.94,
    expected_value: 4.12,
    deviation_percent: -77.2,
    explanation: {
      text:
        'eCPM of BR was $0.94 over 09:12–09:37 UTC: 0.23 times (95%: 0.18 to 0.29) what was expected, $4.12 (95%: $3.86 to $4.40). ' +
        'Evidence 1 : 7.4 million: by chance alone data come this far out once in 7.4 million. Learnt from 3 days.',
      observed: 0.94,
      expected: 4.12,
      ratio: 0.2282,
      baseline: { windows: 4_320, age_ms: 259_200_000 },
      threshold: 3.1,
      not_fired_if: 'With evidence below 1 : 1.2 million it would not have fired: that is what the false-alarm budget asks of one series.',
      evidence: {
        one_in: 7.4e6,
        needed: 1.2e6,
        log: Math.log(7.4e6),
        log_needed: Math.log(1.2e6),
        false_alarms_per_day: 1,
        since: iso(since - 1_500_000),
        expected_range: [3.86, 4.4],
        ratio_range: [0.18, 0.29],
      },
      contributors: formats.map((ad_format, index) => ({
        labels: { country: 'BR', ad_format },
        series: `ecpm{country="BR",ad_format="${ad_format}"}`,
        share: [0.61, 0.3, 0.09][index]!,
      })),
    },
    members: formats.slice(0, 2).map((ad_format, index) => ({
      alert_id: `ecpm-${ad_format}-${since}`,
      labels: { country: 'BR', ad_format },
      series: `ecpm{country="BR",ad_format="${ad_format}"}`,
      since: iso(since + index * 10_000),
      told: index === 0,
    })),
    likely_causes: ['A wrong bid price', 'A buyer that has stopped bidding'],
    impact: { money_per_hour: 1_908, currency: 'USD' },
  };
}

function episode(since: number, resolved: number | null, country: string, ad_format: string, measure: 'ctr' | 'impressions'): Episode {
  const down = measure === 'ctr';
  const [observed, expected, threshold] = down ? [0.42, 1.81, 0.905] : [4_120, 812, 2_436];
  const end = new Date(resolved ?? since + 10_000).toISOString();
  return {
    alert_id: `${measure}-${since}`,
    alert_time: end,
    alert_type: down ? 'ctr_drop' : 'traffic_spike',
    severity: down ? 'high' : 'medium',
    metric_name: down ? 'CTR' : 'impressions',
    current_value: observed,
    expected_value: expected,
    deviation_percent: ((observed - expected) / expected) * 100,
    message: `${country} ${ad_format}`,
    status: resolved === null ? 'firing' : 'resolved',
    repeat: 0,
    pipeline: 'demo',
    detector: 'ema-threshold',
    measure,
    unit: down ? '%' : null,
    direction: down ? 'down' : 'up',
    window: '10s',
    window_start: new Date(since).toISOString(),
    window_end: end,
    labels: { country, ad_format },
    series: `${measure}{country="${country}",ad_format="${ad_format}"}`,
    since: new Date(since).toISOString(),
    explanation: {
      text: down
        ? 'CTR of US banner was 0.42% in the window of 10 s, 0.23 times what the moving average of 34 windows says (1.81%).'
        : 'impressions of KR rewarded_video were 4,120 in the window of 10 s, 5.07 times what the moving average of 30 windows says (812).',
      observed,
      expected,
      ratio: observed / expected,
      baseline: { windows: 34 },
      threshold,
      not_fired_if: down ? 'CTR had been at least 0.905%.' : 'impressions had been at most 2,436.',
    },
    runbook: down ? 'https://wiki.example.com/on-call/ctr-drop' : null,
    likely_causes: down
      ? ['An ad creative that is broken or does not load', 'A landing page or a tracking link that fails']
      : ['A DDoS attack or a crawler', 'A campaign that has just started'],
    impact: down ? { money_per_hour: 124.2, currency: 'USD' } : null,
    resolved_time: resolved === null ? null : end,
  };
}
