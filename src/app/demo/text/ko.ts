import type { DemoTexts } from './en.ts';

export const ko: DemoTexts = {
  intro: (rate, history) => `Tocsin 데모: 7개 국가 x 3개 광고 형식의 모의 광고 이벤트, 초당 ${rate}건, 10초와 1분 윈도우.
파이프라인은 pipelines/demo.yml입니다. 언제든지 Ctrl-C로 끝낼 수 있습니다.

[1/3] 백필: 이벤트가 드문 모의 하루(${history})를 가장 빠른 속도로 집계합니다
`,
  counted: (events, seconds) => `      이벤트 ${events}건, ${seconds}초\n\n`,
  live: (url, opened) =>
    `[2/3] 실시간: ${url === undefined ? '대시보드 없이 실행합니다' : `대시보드는 ${url}${opened ? ' (브라우저에서 열었습니다)' : ''}`}
      아래에는 윈도우가 닫힐 때마다 한 줄씩, 21개 세그먼트 전체의 합계가 나옵니다.
`,
  slackSet: '      Slack도 함께 울립니다: SLACK_WEBHOOK_URL이 설정되어 있습니다.\n',
  slackUnset: '      SLACK_WEBHOOK_URL을 수신 웹훅 주소로 설정하면 Slack도 함께 울립니다.\n',
  breaks: (
    first,
    length,
    second,
    dir,
  ) => `[3/3] 이상: ${first} 뒤 "US banner"의 클릭률이 ${length} 동안 4분의 1로 떨어지고, ${second} 뒤 "KR rewarded_video"에 트래픽이 몰립니다.
      첫 알림은 깨진 첫 10초 윈도우에서, 지금부터 1분 안에 옵니다. 이상이 끝나면 그것도 알립니다.
      더 깨뜨려 보려면 다른 터미널에서: bin/tocsin simulate --data ${dir}

`,
  deleted: '이 데모의 데이터는 지웠습니다. --data DIR로 남길 수 있습니다.\n',
};
