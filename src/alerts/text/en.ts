export const en = {
  'title.drop': '🚨 {metric} drop',
  'title.spike': '📈 {metric} spike',
  'title.mix.drop': '🚨 {metric}: share drop',
  'title.mix.spike': '📈 {metric}: share spike',
  'title.ctr_drop': '🚨 {metric} drop',
  'title.ctr_spike': '🤖 {metric} spike (bots?)',
  'title.traffic_spike': '📈 Traffic spike',
  'title.revenue_drop': '💸 Revenue drop',
  'title.experiment': '🏁 {metric} decided',
  'title.resolved': '✅ {metric} back to normal',
  'title.no_data': '☑️ {metric} alert ended',
  'title.lasting': '☑️ {metric} has a new level',
  'title.moved': '☑️ {metric}: the moving average has caught up',
  'title.known': '☑️ {metric} has a new value',
  'segment.all': 'all',
  'message.firing': '{title}! {segment}: {expected} → {observed}{deviation}',
  'message.share': '{title}! {segment}: {observed}, where its usual share makes {expected}{deviation}',
  'message.key': '{title}! {segment}: {key}: {observed} (limit {expected})',
  'message.experiment': '{title}! {segment}: {observed}, control {expected}{deviation}',
  'message.limit': '{title}! {segment}: {observed} (limit {expected})',
  'message.unseen': '{title}! {segment}: {observed}, never seen before (new values alert from {expected} on)',
  'message.resolved': '{title}: {segment}: {observed} (expected {expected})',
  'message.resolved_limit': '{title}: {segment}: {observed} (limit {expected})',
  'message.lasting': '{title}: {segment}: {observed} (expected until now: {expected})',
  'message.moved': '{title}: {segment}: {observed} (average before: {expected})',
  'message.known': '{title}: {segment} is now one of the known values ({observed})',
  'message.no_data': '{title}: {segment}: no more data',
  'message.unwatched': '{title}: {segment}: no longer watched',
  'explain.learnt':
    '{metric} of {segment} was {observed} in {window} ({span}){ratio}. Expected: {expected}, the moving average of {windows}.',
  'explain.limit': '{metric} of {segment} was {observed} in {window} ({span}); the limit is {expected}.',
  'explain.clearing':
    '{metric} of {segment} was {observed} in {window} ({span}): within the limit of {expected} again; the alert ends only past {threshold}.',
  'explain.new_value': '{metric} of {segment} was {observed} in {window} ({span}); new values alert from {expected} on.',
  'explain.resolved': '{metric} of {segment} was {observed} in {window} ({span}): within its bounds again. Expected: {expected}.',
  'explain.resolved_limit': '{metric} of {segment} was {observed} in {window} ({span}): within the limit of {expected} again.',
  'explain.lasting':
    '{metric} of {segment} was {observed} in {window} ({span}), where {expected} was expected. It has lasted so long that it now counts as usual: the alert ends and the new level is learnt. This is not an all-clear.',
  'explain.moved':
    '{metric} of {segment} was {observed} in {window} ({span}): within bounds of the moving average again only because the average has learnt the change. Before the alert it was {expected}. This is not an all-clear.',
  'explain.known':
    '{metric} of {segment} was {observed} in {window} ({span}). The value has been there for so long that it is now one of the known values: it no longer alerts as new.',
  'explain.no_data': '{metric} of {segment} could not be judged for so long (up to {span}) that the alert has ended.',
  'explain.unwatched':
    'The pipeline file no longer watches {metric} of {segment} in this way: the alert has ended with {span}, and nothing was judged. This is not an all-clear.',
  'explain.no_data_expected': 'Last expected: {expected}.',
  'explain.no_data_limit': 'The limit is {expected}.',
  'explain.evidence':
    '{metric} of {segment} was {observed} over {since}: {ratio} times (95%: {ratio_low} to {ratio_high}) what was expected, {expected} (95%: {low} to {high}).',
  'explain.share':
    '{metric} of {segment} was {observed} over {since}, {ratio} times (95%: {ratio_low} to {ratio_high}) what its usual share of the total makes, {expected} (95%: {low} to {high}). The share is judged: the total itself may have changed.',
  'explain.going_on': '{metric} of {segment} has been {observed} on average since {from}: {ratio} times what was expected, {expected}.',
  'explain.evidence_alone': '{metric} of {segment} was {observed} over {since}, where {expected} was expected (95%: {low} to {high}).',
  'explain.going_on_alone': '{metric} of {segment} has been {observed} on average since {from}, where {expected} was expected.',
  'explain.newest': 'In the last window it was {newest}.',
  'explain.odds': 'Evidence 1 : {one_in}: by chance alone, data this far out come up once in {one_in}. The baseline was learnt over {age}.',
  'explain.designed_odds':
    'Evidence 1 : {one_in}: by chance alone, data this far out come up once in {one_in}. The expected value is the designed rate, watched for {age}.',
  'explain.experiment':
    '{metric} of {segment} was {observed} over {since}: {ratio} times (95%: {ratio_low} to {ratio_high}) that of the control, {expected}.',
  'explain.experiment_alone': '{metric} of {segment} was {observed} over {since}; that of the control was {expected}.',
  'explain.experiment_odds':
    'Evidence 1 : {one_in}: if there were no difference, results this far apart would come up once in {one_in}. Compared over {age}.',
  'explain.contributors': 'Most of the change comes from {list}.',
  'explain.members': 'Alerts it includes: {list}.',
  'explain.part_of': 'It was part of another alert, which ends by itself.',
  'explain.keys': 'Most frequent keys: {list}.',
  'explain.unseen': 'This value had never been seen before.',
  'explain.open': 'The window is still open; these are its values so far.',
  'explain.silent': 'No events arrive from any source, so no window closes: this alert goes by the clock.',
  'list.more': '{list} and {count} more',
  'learnt.window': '{count} window',
  'learnt.windows': '{count} windows',
  'age.minute': '{count} minute',
  'age.minutes': '{count} minutes',
  'age.hours': '{count} hours',
  'age.days': '{count} days',
  ratio: ', {ratio} times what was expected',
  'not_fired.down': 'At {threshold} or more it would not have fired.',
  'not_fired.up': 'At {threshold} or less it would not have fired.',
  'not_fired.clearing.down': 'Above {threshold} it would have ended.',
  'not_fired.clearing.up': 'Below {threshold} it would have ended.',
  'not_fired.unseen': 'With a smaller share of the last windows it would not have fired; in this one the share it takes is {threshold}.',
  'not_fired.evidence':
    'With evidence below 1 : {needed} it would not have fired: that is what the false-alarm budget, {budget} a day for the whole pipeline, requires of a single series.',
  'not_fired.experiment':
    'With evidence below 1 : {needed} it would not be decided: that is what the permitted error of {error} for the whole experiment requires of a single variant.',
  'series_limit.message': '⚠️ {pipeline}: more than {limit} segments in {partition}; new ones count under "other"',
  'series_limit.explain':
    'The partition {partition} has {limit} segments with events within a day, the limit (limits.max_series). Events of further ones count under "other" until one of these has had none for a day; roll-ups stay exact.',
  'series_limit.resolved': '✅ {pipeline}: segments beyond {limit} no longer come in {partition}',
  'series_limit.explain_resolved':
    'No event of the partition {partition} has counted under "other" for want of room (limits.max_series, {limit}) for an hour of event time. What was counted there stays there.',
  'series_limit.not_fired':
    'With a higher limits.max_series, or a dimension with fewer values, it would not have fired. After a change of that limit the next run needs --new-revision.',
  'ids_limit.message': '⚠️ {pipeline}: more than {limit} ids in {partition}; the oldest are forgotten before their time',
  'ids_limit.explain':
    'The partition {partition} has more than {limit} ids to remember, the limit (limits.max_ids). It forgets the oldest first: a copy of such an event counts twice, or is late.',
  'ids_limit.resolved': '✅ {pipeline}: {limit} ids are enough for {partition} again',
  'ids_limit.explain_resolved':
    'The partition {partition} has forgotten no id before its time (limits.max_ids, {limit}) for an hour of event time, or for as long as it remembers them where that is longer. Copies that were counted twice meanwhile stay counted.',
  'ids_limit.not_fired':
    'With a higher limits.max_ids (16 bytes of memory an id), a shorter dedup, or more partitions it would not have fired. After a change of the first two the next run needs --new-revision.',
  'limit.unwatched': '☑️ {pipeline}: the alert on limits.max_{kind} in {partition} has ended',
  'limit.explain_unwatched':
    'The partition {partition} is no longer read, or was read again and did not go beyond limits.max_{kind} at this place: the alert has ended, and nothing was judged. This is not an all-clear.',
  'lag.seconds': '{count} s of event time',
  'lag.record': '{count} record',
  'lag.records': '{count} records',
  'lag.message': '🐢 {pipeline} is behind: {observed} (limit {limit}); furthest behind: {partition}',
  'lag.resolved': '✅ {pipeline} has caught up: {observed} behind (limit {limit})',
  'lag.explain':
    'Events arrive faster than {pipeline} reads them, or nothing reads them: it is {observed} behind, {partition} the furthest. Nothing is lost, but windows and alerts come late.',
  'lag.explain_resolved': '{pipeline} is within the limit again: {observed} behind.',
  'lag.not_fired': 'At {limit} or less, or for a shorter time, it would not have fired.',
} as const;
