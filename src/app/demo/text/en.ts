/** What the demo says of itself. Numbers and durations come as they are to be read. */
export const en = {
  intro: (
    rate: string,
    history: string,
  ): string => `Tocsin demo: made-up ad events of 7 countries x 3 ad formats, ${rate} a second, in windows of 10 s and 1 m.
The pipeline is pipelines/demo.yml. Ctrl-C ends it at any time.

[1/3] backfill: a simulated day (${history}) of thin traffic, counted as fast as it goes
`,
  counted: (events: string, seconds: string): string => `      ${events} events in ${seconds} s\n\n`,
  live: (url: string | undefined, opened: boolean): string =>
    `[2/3] live: ${url === undefined ? 'without a dashboard' : `the dashboard is ${url}${opened ? ' (opened in your browser)' : ''}`}
      Below comes a line for each window that closes: the total over all 21 segments.
`,
  slackSet: '      Slack rings too: SLACK_WEBHOOK_URL is set.\n',
  slackUnset: '      Slack would ring too with SLACK_WEBHOOK_URL set to the address of an incoming webhook.\n',
  breaks: (
    first: string,
    length: string,
    second: string,
    dir: string,
  ): string => `[3/3] break: in ${first} the click-through rate of "US banner" drops to a quarter for ${length}, in ${second} "KR rewarded_video" is flooded.
      The first alert comes with the first broken window of 10 s: within a minute from now. When a break is over, that is told too.
      To break more yourself, in another terminal: bin/tocsin simulate --data ${dir}

`,
  deleted: 'The data of this demo is deleted; --data DIR keeps it.\n',
};

export type DemoTexts = Readonly<typeof en>;
