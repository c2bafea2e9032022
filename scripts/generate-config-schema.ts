/** Writes what follows from the configuration's schemas: config/pipeline.schema.json and the tables of docs/pipeline-file.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { pipelineJsonSchema } from '../src/config/json-schema-of-file.ts';
import { referenceTables } from '../src/config/reference.ts';

const BEGIN = '<!-- reference: made by scripts/generate-config-schema.ts -->';
const END = '<!-- end of the reference -->';

/** @param page the page as it is: what stands between its two marks is replaced */
export function generated(page: string): { schema: string; page: string } {
  const schema = pipelineJsonSchema();
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`docs/pipeline-file.md lacks its marks: ${BEGIN} and ${END}`);
  return { schema: `${JSON.stringify(schema, null, 2)}\n`, page: `${before}${BEGIN}\n\n${referenceTables(schema)}\n\n${END}${after}` };
}

if (import.meta.main) {
  const schemaFile = new URL('../config/pipeline.schema.json', import.meta.url);
  const pageFile = new URL('../docs/pipeline-file.md', import.meta.url);
  const { schema, page } = generated(readFileSync(pageFile, 'utf8'));
  writeFileSync(schemaFile, schema);
  writeFileSync(pageFile, page);
}
