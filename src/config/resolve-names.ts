/** Names that must not clash: dimensions, measures and the fields of a row stand side by side in what people read. */
import { ROW_QUERY } from '../core/labels.ts';
import { DETECT_RESERVED } from './detect-schema.ts';
import { checkField } from './known-fields.ts';
import type { PipelineBlock } from './pipeline-schema.ts';
import type { Problems } from './problem.ts';
import type { ResolvedSource } from './resolve-sources.ts';
import { placeholdersOf } from './served-path.ts';
import { ANSWER_FIELDS } from './served-routes.ts';

/** Fields of a row (`windows/row.ts`), and those that later kinds of rows will have. */
const ROW_FIELDS = [
  'kind',
  'pipeline',
  'window',
  'window_start',
  'window_end',
  'labels',
  'measures',
  'state',
  'events',
  'replayed',
  'final',
  'corrections',
  'version',
  'origin',
  'partitions',
  'idle',
  'series',
  'revision',
  'time',
  'value',
] as const;

export function checkNames(block: PipelineBlock, sources: readonly ResolvedSource[], problems: Problems): void {
  const served = [block.serve ?? []].flat();
  const servedDimensions = served.flatMap(({ path }) => placeholdersOf(path));
  for (const [index, name] of block.dimensions.entries()) {
    const path = ['dimensions', index];
    if (block.dimensions.indexOf(name) < index) problems.add(path, `found ${JSON.stringify(name)} twice; expected each dimension once`);
    if (isRowField(name)) problems.add(path, reserved(name));
    else if ((ROW_QUERY as readonly string[]).includes(name))
      problems.add(
        path,
        `found the dimension ${JSON.stringify(name)}, which rows are asked for with over HTTP; expected another name, such as "${name}_of_event"`,
      );
    else if (ANSWER_FIELDS.includes(name) && servedDimensions.includes(name)) problems.add(path, answered('dimension', name));
    for (const source of sources) checkField(source.fields, name, path, problems, ['string']);
  }
  for (const name of Object.keys(block.measures)) {
    const path = ['measures', name];
    if (block.dimensions.includes(name)) {
      problems.add(path, `found a measure with the name of a dimension, ${JSON.stringify(name)}; expected another name`, { atKey: true });
    } else if (isRowField(name)) {
      problems.add(path, reserved(name), { atKey: true });
    } else if (DETECT_RESERVED.includes(name)) {
      problems.add(path, `found the measure ${JSON.stringify(name)}, which is a setting under detect; expected another name`, {
        atKey: true,
      });
    } else if (ANSWER_FIELDS.includes(name) && served.length > 0) {
      problems.add(path, answered('measure', name), { atKey: true });
    }
  }
}

/** Also `constructor`, `toString` and the like: a row without that label would seem to have it. */
function isRowField(name: string): boolean {
  return (ROW_FIELDS as readonly string[]).includes(name) || Object.hasOwn(Object.prototype, name);
}

function reserved(name: string): string {
  return `found the name ${JSON.stringify(name)}, which every row has already; expected another name, such as "${name}_of_event"`;
}

/** One JSON object holds both: of two keys of one name a reader takes the last. */
function answered(what: string, name: string): string {
  return `found the ${what} ${JSON.stringify(name)}, which every answer under serve has of its own; expected another name, such as "${name}_of_event"`;
}
