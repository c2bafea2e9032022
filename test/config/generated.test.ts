import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generated } from '../../scripts/generate-config-schema.ts';
import { pipelineJsonSchema } from '../../src/config/json-schema-of-file.ts';
import { definePipeline } from '../../src/config/load-pipeline.ts';
import type { PipelineFile } from '../../src/config/pipeline-schema.ts';
import { parseYaml } from '../../src/config/yaml-text.ts';
import { createJsonValidator } from '../../src/schemas/json-schema.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

test('the JSON Schema for editors and the reference page follow from the schemas (node scripts/generate-config-schema.ts)', () => {
  const page = read('docs/pipeline-file.md');
  const now = generated(page);
  assert.equal(read('config/pipeline.schema.json'), now.schema);
  assert.equal(page, now.page);
});

test('editors and the loader agree on the pipelines that come with it', () => {
  const validator = createJsonValidator(pipelineJsonSchema());
  for (const name of ['adtech', 'access-log', 'demo']) {
    const { value } = parseYaml(read(`pipelines/${name}.yml`), name);
    assert.equal(validator.check(value), undefined, name);
    assert.notEqual(validator.check({ ...(value as object), dimension: [] }), undefined, name);
  }
  const watching = (ctr: unknown) =>
    validator.check({ ...(parseYaml(read('pipelines/adtech.yml'), 'adtech').value as object), detect: { ctr } });
  assert.equal(watching([{ down: '50%' }, { detector: 'threshold', below: '1%' }]), undefined);
  for (const wrong of [[], [[{ down: '50%' }]], [{ dwn: '50%' }]]) assert.notEqual(watching(wrong), undefined, JSON.stringify(wrong));
});

test('every field has a description', () => {
  const bare: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      if (key === 'properties' && typeof child === 'object' && child !== null) {
        for (const [name, field] of Object.entries(child)) {
          if ((field as { description?: string }).description === undefined) bare.push(`${path}/${name}`);
        }
      }
      walk(child, `${path}/${key}`);
    }
  };
  walk(pipelineJsonSchema(), '');
  assert.deepEqual(bare, []);
});

test('the pipelines on the reference page work', () => {
  const blocks = [...read('docs/pipeline-file.md').matchAll(/^( *)```yaml\n([\s\S]*?)^\1```/gm)].map((match) =>
    (match[2] ?? '').replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''),
  );
  assert.equal(blocks.length, 3);
  for (const block of blocks) {
    const { value } = parseYaml(block, 'docs/pipeline-file.md');
    const file = value as PipelineFile;
    if (file.source?.schema !== undefined) file.source.schema = './reference-order.json';
    assert.ok(definePipeline(file, { folder: new URL('.', import.meta.url).pathname }).engine.measures.length > 3);
  }
});

test('the page names each limit whose change is refused while there is state, and no other', () => {
  const section = read('docs/pipeline-file.md').split('## What may change')[1]!.split('\n## ')[0]!;
  const hashOf = (limits: PipelineFile['limits']): string => {
    const { value } = parseYaml(read('pipelines/access-log.yml'), 'access-log.yml');
    return definePipeline({ ...(value as PipelineFile), limits }, { folder: new URL('pipelines/', root).pathname }).hashes.windows;
  };
  const changed = { max_series: 7, max_ids: 7_000, max_record_bytes: 700, retire_after: '7h', idle_after: '7s' };
  const limits = pipelineJsonSchema().properties as { limits: { properties: object } };
  assert.deepEqual(Object.keys(changed), Object.keys(limits.limits.properties), 'all of them');
  for (const [name, value] of Object.entries(changed)) {
    assert.equal(section.includes(`limits.${name}`), hashOf({ [name]: value }) !== hashOf({}), name);
  }
});
