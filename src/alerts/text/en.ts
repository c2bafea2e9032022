export const en = {
  'title.drop': '🚨 {metric} drop',
  'title.spike': '📈 {metric} spike',
  'title.ctr_drop': '🚨 {metric} drop',
  'title.ctr_spike': '🤖 {metric} spike (bots?)',
  'title.traffic_spike': '📈 Traffic spike',
  'title.revenue_drop': '💸 Revenue drop',
  'title.resolved': '✅ {metric} back to normal',
  'segment.all': 'all',
  'message.firing': '{title}! {segment}: {expected} → {observed}{deviation}',
  'message.limit': '{title}! {segment}: {observed} (limit {expected})',
  'message.resolved': '{title}: {segment}: {observed} (expected {expected})',
  'message.resolved_limit': '{title}: {segment}: {observed} (limit {expected})',
  'message.no_data': '{title}: {segment}: no more data',
  'explain.learnt':
    '{metric} of {segment} was {observed}{ratio} in {window} ({span}), where the moving average over {windows} windows expected {expected}.',
  'explain.limit': '{metric} of {segment} was {observed} in {window} ({span}); the limit is {expected}.',
  'explain.resolved': '{metric} of {segment} was {observed} in {window} ({span}): in bounds again. Expected: {expected}.',
  'explain.resolved_limit': '{metric} of {segment} was {observed} in {window} ({span}): within the limit of {expected} again.',
  'explain.no_data':
    '{metric} of {segment} could not be judged for so long (up to {span}) that the alert has ended. Last expected: {expected}.',
  ratio: ', {ratio} times what was expected,',
  'not_fired.down': 'At {threshold} or more it would not have fired.',
  'not_fired.up': 'At {threshold} or less it would not have fired.',
  'series_limit.message': '⚠️ {pipeline}: more than {limit} segments in {partition}; new ones count under "other"',
  'series_limit.explain':
    'The partition {partition} has seen {limit} segments, the limit (limits.max_series). Events of further ones count under "other"; roll-ups stay exact.',
  'series_limit.not_fired': 'With a higher limits.max_series, or a dimension with fewer values, it would not have fired.',
} as const;
