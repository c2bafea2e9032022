/** deploy/grafana: every query of the dashboards runs, as a reader, on the tables that Tocsin makes. */
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/logger.ts';
import { readEndpoint, type EndpointFile } from '../../src/olap-store/chdb/endpoint-file.ts';
import { superviseChdb, type ChdbSupervisor } from '../../src/olap-store/chdb/supervisor.ts';
import { createClickHouseStore } from '../../src/olap-store/clickhouse/clickhouse-store.ts';
import { windowRow } from '../contract/olap-store.ts';
import { ROOT } from '../e2e/tocsin.ts';
import { read, yamlOf } from './deployed.ts';
import { chdbMissing } from '../support/chdb.ts';

interface Source {
  readonly type: string;
  readonly uid: string;
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly datasource: Source;
  readonly targets: readonly {
    readonly rawSql: string;
    readonly datasource: Source;
    readonly queryType: string;
    readonly format: number;
  }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string; readonly datasource: Source }[] };
}

const files = globSync('deploy/grafana/dashboards/*.json', { cwd: ROOT });
const dashboards = files.map((file) => ({ file, ...(JSON.parse(read(file)) as Dashboard) }));
const VALUES: Readonly<Record<string, string>> = { pipeline: 'ads', window: '1m', measure: 'rpc', grouping: 'ad_format, country' };

/** As Grafana and its ClickHouse plugin do it. */
function expanded(sql: string): string {
  const timed = sql.replace(
    /\$__timeFilter\((\w+)\)/g,
    "$1 >= toDateTime('2000-01-01 00:00:00') AND $1 <= toDateTime('2100-01-01 00:00:00')",
  );
  return timed.replace(/\$(\w+)/g, (whole, name: string) => VALUES[name] ?? assert.fail(`${whole} is no variable`));
}

describe('the dashboards of Grafana', () => {
  it('have ids of their own, and ask the data source that is provisioned', () => {
    const [{ datasources }] = yamlOf('deploy/grafana/provisioning/datasources/tocsin.yml') as [{ datasources: Source[] }];
    const [{ uid, type }] = datasources as [Source];
    assert.equal(new Set(dashboards.map((each) => each.uid)).size, dashboards.length);
    for (const { file, panels, templating } of dashboards) {
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, file);
      const asked = [...panels.flatMap((panel) => [panel, ...panel.targets]), ...templating.list].map(({ datasource }) => datasource);
      for (const each of asked) assert.deepEqual(each, { type, uid }, file);
    }
  });

  it('are mounted where they are looked for', () => {
    const [{ providers }] = yamlOf('deploy/grafana/provisioning/dashboards/tocsin.yml') as [{ providers: { options: { path: string } }[] }];
    const compose = read('deploy/compose.yml');
    assert.ok(compose.includes(`./grafana/dashboards:${providers[0]!.options.path}:ro`));
    const [, home] = /HOME_DASHBOARD_PATH: (\S+)/.exec(compose)!;
    assert.ok(files.some((file) => `${providers[0]!.options.path}/${path.basename(file)}` === home));
  });

  describe('on the tables', { skip: chdbMissing() }, () => {
    let dir: string;
    let engine: ChdbSupervisor;
    let endpoint: EndpointFile;

    before(async () => {
      dir = mkdtempSync(path.join(tmpdir(), 'tocsin-grafana-'));
      engine = superviseChdb({ dir }, { clock: systemClock, logger: silentLogger });
      await engine.whenReady;
      const store = createClickHouseStore({}, { endpoint: engine.endpoint });
      const total = { labels: {}, corrections: 2 };
      await store.putWindows([windowRow('ads', 0), windowRow('ads', 1), windowRow('ads', 1, total), windowRow('ads', 2, total)]);
      const alert = { alert_id: 'a', alert_time: '2026-01-05T00:01:00.000Z', alert_type: 'ctr_drop', severity: 'high', status: 'firing' };
      await store.putAlerts('ads', [{ record: { ...alert, labels: { country: 'US' } }, version: 1 }]);
      await store.putDeadLetters('ads', [
        { topic: 'ad-events', partition: 0, offset: 1, revision: 1, outcome: 'invalid', reason: 'bad_json', payload: '{' },
      ]);
      await store.close();
      endpoint = readEndpoint(dir)!;
    });
    after(async () => {
      await engine?.stop();
      if (dir) rmSync(dir, { recursive: true, force: true });
    });

    async function rows(sql: string): Promise<Record<string, unknown>[]> {
      const { url, reader, database } = endpoint;
      const response = await fetch(`${url}/?database=${database}&default_format=JSONEachRow`, {
        method: 'POST',
        headers: { 'x-clickhouse-user': reader.username, 'x-clickhouse-key': reader.password },
        body: sql,
      });
      const text = await response.text();
      assert.equal(response.status, 200, `${sql}\n${text}`);
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    }

    for (const { file, panels, templating } of dashboards) {
      for (const { name, query } of templating.list) {
        it(`${path.basename(file)}: the choices for ${name}`, async () => {
          const choices = (await rows(expanded(query))).map((row) => Object.values(row)[0]);
          assert.ok(choices.includes(VALUES[name]), JSON.stringify(choices));
        });
      }
      for (const { title, targets } of panels) {
        it(`${path.basename(file)}: ${title}`, async () => {
          for (const { rawSql, queryType, format } of targets) {
            assert.deepEqual([queryType, format], queryType === 'timeseries' ? ['timeseries', 0] : ['table', 1]);
            const found = await rows(expanded(rawSql));
            // Hours are rolled up once a minute, or computed when asked for.
            if (rawSql.includes('kpis_hours')) continue;
            assert.ok(found.length > 0, rawSql);
            if (queryType === 'timeseries') assert.match(String(found[0]!['time']), /^\d{4}-\d\d-\d\d \d\d:\d\d/);
          }
        });
      }
    }
  });
});
