/** deploy/systemd and deploy/prometheus: options and metrics are those of the code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgram } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { systemClock } from '../../src/core/clock.ts';
import { OUTCOMES } from '../../src/core/outcome.ts';
import { parseListenAddress, requireKey } from '../../src/server/listen-address.ts';
import { createMetrics } from '../../src/server/prometheus.ts';
import { read, yamlOf } from './deployed.ts';

test('the unit starts what there is, with options that there are, at an address that needs no key', () => {
  const [, line = ''] = /^ExecStart=\/opt\/tocsin\/bin\/tocsin (.+)$/m.exec(read('deploy/systemd/tocsin.service')) ?? [];
  const [name, ...args] = line.split(' ');
  const command = createProgram(createTerminal(process), () => {}).commands.find((each) => each.name() === name);
  const { operands, unknown } = command?.parseOptions(args) ?? assert.fail(`no command ${name}`);
  assert.deepEqual([operands, unknown], [['/etc/tocsin/pipeline.yml'], []]);
  const { data, listen } = command!.opts<{ data: string; listen: string }>();
  assert.equal(data, '/var/lib/tocsin');
  requireKey(parseListenAddress(listen), undefined);
});

test('rules ask for metrics that a process tells, by labels that they have', async () => {
  const metrics = createMetrics({ pipelines: [] }, { version: '0', clock: systemClock, probeMs: 1_000 });
  const told = new Set([...(await metrics.text()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!));
  metrics.stop();
  const [{ groups }] = yamlOf('deploy/prometheus/rules.yml') as [{ groups: { rules: { alert: string; expr: string }[] }[] }];
  const rules = groups.flatMap((group) => group.rules);
  for (const { alert, expr } of rules) {
    const asked = expr.match(/\btocsin_\w+/g) ?? [];
    assert.ok(asked.length > 0 || expr.startsWith('up{job="tocsin"}'), alert);
    for (const name of asked) assert.ok(told.has(name), `${alert}: ${name}`);
    for (const [, outcomes = ''] of expr.matchAll(/outcome=~"([^"]+)"/g))
      for (const outcome of outcomes.split('|')) assert.ok((OUTCOMES as readonly string[]).includes(outcome), outcome);
  }
  const [[{ job_name: job }]] = yamlOf('deploy/prometheus/scrape.yml') as [[{ job_name: string }]];
  assert.equal(job, 'tocsin');
});
