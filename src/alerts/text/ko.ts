import type { en } from './en.ts';

export const ko: Readonly<Record<keyof typeof en, string>> = {
  'title.drop': '🚨 {metric} 급락',
  'title.spike': '📈 {metric} 급등',
  'title.mix.drop': '🚨 {metric} 비중 급락',
  'title.mix.spike': '📈 {metric} 비중 급등',
  'title.ctr_drop': '🚨 {metric} 급락',
  'title.ctr_spike': '🤖 {metric} 급등 (봇 의심)',
  'title.traffic_spike': '📈 트래픽 급증',
  'title.revenue_drop': '💸 수익 급락',
  'title.experiment': '🏁 {metric} 실험 결과 확정',
  'title.resolved': '✅ {metric} 정상화',
  'title.no_data': '☑️ {metric} 알림 종료',
  'title.lasting': '☑️ {metric} 새 수준으로 학습',
  'title.moved': '☑️ {metric} 이동 평균이 따라감',
  'title.known': '☑️ {metric} 새로운 값',
  'segment.all': '전체',
  'message.firing': '{title}! {segment}: {expected} → {observed}{deviation}',
  'message.share': '{title}! {segment}: {observed}, 평소 비중이면 {expected}{deviation}',
  'message.key': '{title}! {segment}: {key}: {observed} (기준 {expected})',
  'message.experiment': '{title}! {segment}: {observed}, 대조군 {expected}{deviation}',
  'message.limit': '{title}! {segment}: {observed} (기준 {expected})',
  'message.unseen': '{title}! {segment}: {observed}, 처음 나타난 값 (새로운 값은 {expected}부터 알립니다)',
  'message.resolved': '{title}: {segment}: {observed} (예상 {expected})',
  'message.resolved_limit': '{title}: {segment}: {observed} (기준 {expected})',
  'message.lasting': '{title}: {segment}: {observed} (지금까지의 예상 {expected})',
  'message.moved': '{title}: {segment}: {observed} (이전 평균 {expected})',
  'message.known': '{title}: {segment}, 이제 알려진 값 ({observed})',
  'message.no_data': '{title}: {segment}: 데이터 없음',
  'message.unwatched': '{title}: {segment}: 더 이상 감시하지 않음',
  'explain.learnt':
    '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed}입니다{ratio}. 예상 값은 {windows}의 이동 평균인 {expected}입니다.',
  'explain.limit': '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed}입니다. 기준값은 {expected}입니다.',
  'explain.clearing':
    '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed} 수준으로 기준값 {expected} 안으로 돌아왔지만, {threshold}까지 지나야 알림이 종료됩니다.',
  'explain.new_value': '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed}입니다. 새로운 값은 {expected}부터 알립니다.',
  'explain.resolved':
    '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed} 수준으로 정상 범위에 돌아왔습니다. 예상 값은 {expected}입니다.',
  'explain.resolved_limit':
    '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed} 수준으로, 기준값 {expected} 안으로 돌아왔습니다.',
  'explain.lasting':
    '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed}입니다(예상 값 {expected}). 달라진 상태가 오래 이어져 이제 평소 수준으로 보고 새로 학습하며, 알림을 종료합니다. 정상으로 돌아왔다는 뜻은 아닙니다.',
  'explain.moved':
    '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed}입니다. 이동 평균이 달라진 값을 학습해 다시 범위 안에 들었을 뿐입니다. 알림 전의 평균은 {expected}입니다. 정상으로 돌아왔다는 뜻은 아닙니다.',
  'explain.known':
    '{segment}의 {metric} 값이 {window} 윈도우({span})에서 {observed}입니다. 나타난 지 오래되어 이제 알려진 값 가운데 하나로 보며, 더 이상 새로운 값으로 알리지 않습니다.',
  'explain.no_data': '{segment}의 {metric} 값을 오랫동안({span}까지) 판단할 수 없어 알림을 종료합니다.',
  'explain.unwatched':
    '파이프라인 파일에서 {segment}의 {metric} 값을 더 이상 이렇게 감시하지 않으므로, 판단 없이 {span}에서 알림을 종료합니다. 정상으로 돌아왔다는 뜻은 아닙니다.',
  'explain.no_data_expected': '마지막 예상 값은 {expected}입니다.',
  'explain.no_data_limit': '기준값은 {expected}입니다.',
  'explain.evidence':
    '{segment}의 {metric} 값이 {since} 동안 {observed}입니다. 예상 값 {expected}(95%: {low}~{high})의 {ratio}배(95%: {ratio_low}~{ratio_high})입니다.',
  'explain.share':
    '{segment}의 {metric} 값이 {since} 동안 {observed}입니다. 전체에서 평소 차지하던 비중대로라면 {expected}(95%: {low}~{high})이며, 그 {ratio}배(95%: {ratio_low}~{ratio_high})입니다. 비중을 판단한 것으로, 전체 자체가 변했을 수 있습니다.',
  'explain.going_on': '{segment}의 {metric} 값이 {from}부터 지금까지 평균 {observed}입니다. 예상 값 {expected}의 {ratio}배입니다.',
  'explain.evidence_alone': '{segment}의 {metric} 값이 {since} 동안 {observed}입니다. 예상 값은 {expected}(95%: {low}~{high})입니다.',
  'explain.going_on_alone': '{segment}의 {metric} 값이 {from}부터 지금까지 평균 {observed}입니다. 예상 값은 {expected}입니다.',
  'explain.newest': '마지막 윈도우의 값은 {newest}입니다.',
  'explain.odds': '증거 1 : {one_in}. 우연만으로 이만큼 벗어날 가능성은 {one_in}분의 1입니다. 기준은 {age} 동안 학습했습니다.',
  'explain.designed_odds':
    '증거 1 : {one_in}. 우연만으로 이만큼 벗어날 가능성은 {one_in}분의 1입니다. 예상 값은 설계된 확률이며, {age} 동안 지켜보았습니다.',
  'explain.experiment':
    '{segment}의 {metric} 값이 {since} 동안 {observed}입니다. 대조군 값 {expected}의 {ratio}배(95%: {ratio_low}~{ratio_high})입니다.',
  'explain.experiment_alone': '{segment}의 {metric} 값이 {since} 동안 {observed}입니다. 대조군 값은 {expected}입니다.',
  'explain.experiment_odds':
    '증거 1 : {one_in}. 둘 사이에 차이가 없다면 이만큼 벌어질 가능성은 {one_in}분의 1입니다. {age} 동안 비교했습니다.',
  'explain.contributors': '변화의 대부분을 차지하는 곳: {list}.',
  'explain.members': '포함된 알림: {list}.',
  'explain.part_of': '다른 알림에 포함되어 있던 알림입니다. 그 알림의 종료는 따로 알립니다.',
  'explain.keys': '가장 많은 키: {list}.',
  'explain.unseen': '지금까지 한 번도 없던 값입니다.',
  'explain.open': '윈도우가 아직 열려 있어, 지금까지 집계된 값입니다.',
  'explain.silent': '어느 소스에서도 이벤트가 오지 않아 닫히는 윈도우가 없으므로, 시계를 기준으로 알립니다.',
  'list.more': '{list} 외 {count}개',
  'learnt.window': '윈도우 {count}개',
  'learnt.windows': '윈도우 {count}개',
  'age.minute': '{count}분',
  'age.minutes': '{count}분',
  'age.hours': '{count}시간',
  'age.days': '{count}일',
  ratio: ' (예상의 {ratio}배)',
  'not_fired.down': '{threshold} 이상이었다면 알림이 울리지 않았습니다.',
  'not_fired.up': '{threshold} 이하였다면 알림이 울리지 않았습니다.',
  'not_fired.clearing.down': '{threshold}보다 높았다면 알림이 종료되었습니다.',
  'not_fired.clearing.up': '{threshold}보다 낮았다면 알림이 종료되었습니다.',
  'not_fired.unseen': '최근 윈도우에서 차지하는 비중이 기준보다 작았다면 알림이 울리지 않았습니다. 이 윈도우의 기준은 {threshold}입니다.',
  'not_fired.evidence':
    '증거가 1 : {needed} 미만이었다면 알림이 울리지 않았습니다. 파이프라인 전체의 오경보 예산(하루 {budget}건)이 시리즈 하나에 요구하는 기준입니다.',
  'not_fired.experiment':
    '증거가 1 : {needed} 미만이었다면 결정되지 않았습니다. 실험 전체에 허용한 오류 {error}가 변형 하나에 요구하는 기준입니다.',
  'series_limit.message': '⚠️ {pipeline}: {partition}의 세그먼트가 {limit}개를 넘었습니다. 새 세그먼트는 "other"로 집계합니다',
  'series_limit.explain':
    '{partition} 파티션에서 하루 안에 이벤트가 있었던 세그먼트가 한도(limits.max_series)인 {limit}개에 이르렀습니다. 새 세그먼트는 그중 하나가 하루 동안 이벤트가 없어 자리가 날 때까지 "other"로 집계하며, 롤업은 정확합니다.',
  'series_limit.resolved': '✅ {pipeline}: {partition}에 {limit}개를 넘는 세그먼트가 더 이상 오지 않습니다',
  'series_limit.explain_resolved':
    '이벤트 시간으로 한 시간 동안 {partition} 파티션에서 한도(limits.max_series, {limit}개) 때문에 "other"로 집계된 이벤트가 없습니다. 그동안 "other"로 집계된 값은 그대로 남습니다.',
  'series_limit.not_fired':
    'limits.max_series가 더 크거나 값의 종류가 더 적은 차원이었다면 알림이 울리지 않았습니다. 이 한도를 바꾸면 다음 run에 --new-revision이 필요합니다.',
  'ids_limit.message': '⚠️ {pipeline}: {partition}에서 기억할 ID가 {limit}개를 넘었습니다. 오래된 것부터 일찍 잊습니다',
  'ids_limit.explain':
    '{partition} 파티션에서 기억할 ID가 한도(limits.max_ids)인 {limit}개를 넘었습니다. 가장 오래된 것부터 잊으므로, 그런 이벤트의 사본은 두 번 집계되거나 지각으로 처리됩니다.',
  'ids_limit.resolved': '✅ {pipeline}: {partition}에서 ID {limit}개로 다시 충분합니다',
  'ids_limit.explain_resolved':
    '이벤트 시간으로 한 시간 동안(ID를 그보다 오래 기억하면 그 기간 동안) {partition} 파티션이 한도(limits.max_ids, {limit}개) 때문에 일찍 잊은 ID가 없습니다. 그동안 두 번 집계된 사본은 그대로 남습니다.',
  'ids_limit.not_fired':
    'limits.max_ids가 더 크거나(ID당 메모리 16바이트) dedup이 더 짧거나 파티션이 더 많았다면 알림이 울리지 않았습니다. 앞의 두 값을 바꾸면 다음 run에 --new-revision이 필요합니다.',
  'limit.unwatched': '☑️ {pipeline}: {partition}의 limits.max_{kind} 알림 종료',
  'limit.explain_unwatched':
    '{partition} 파티션을 더 이상 읽지 않거나, 다시 읽었을 때 이 시점에 limits.max_{kind} 한도를 넘지 않아 판단 없이 알림을 종료합니다. 정상으로 돌아왔다는 뜻은 아닙니다.',
  'lag.seconds': '이벤트 시간 {count}초',
  'lag.record': '레코드 {count}개',
  'lag.records': '레코드 {count}개',
  'lag.message': '🐢 {pipeline} 처리 지연: {observed} (기준 {limit}), 가장 늦은 파티션 {partition}',
  'lag.resolved': '✅ {pipeline} 지연 해소: {observed} 남음 (기준 {limit})',
  'lag.explain':
    '이벤트가 {pipeline}의 처리 속도보다 빨리 들어오거나 읽는 프로세스가 없습니다. {observed}만큼 뒤처져 있으며 {partition} 파티션이 가장 늦습니다. 잃는 것은 없지만 윈도우와 알림이 늦어집니다.',
  'lag.explain_resolved': '{pipeline}의 지연이 다시 기준 안으로 돌아왔습니다: {observed} 남음.',
  'lag.not_fired': '{limit} 이하였거나 더 짧은 시간이었다면 알림이 울리지 않았습니다.',
};
