/** A pipeline file with some of its settings changed, as `--set` names them: `detect.ctr.down=40%`. */
import { dirname } from 'node:path';
import { definePipeline, loadPipeline } from '../../config/load-pipeline.ts';
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { PipelineFile } from '../../config/pipeline-schema.ts';
import { describe } from '../../config/problem.ts';
import { readTextFile } from '../../config/read-file.ts';
import { parseYaml } from '../../config/yaml-text.ts';
import { AppError } from '../../core/errors.ts';

const FILE_BYTES_MAX = 1_048_576;
const FORM = 'a path into the pipeline file and a value, such as detect.ctr.down=40%';

type Block = Record<string, unknown>;

/**
 * Values are read as YAML; `null` takes the setting out. The rest of the file stays as it is.
 * @throws AppError `config_invalid`, with the nearest valid name as for a file; `usage` for what is no path and value
 */
export function loadWithChanges(file: string, changes: readonly string[]): LoadedPipeline {
  // Faults of the file itself are told with their line.
  const loaded = loadPipeline(file);
  if (changes.length === 0) return loaded;
  const value = parseYaml(readTextFile(file, 'a pipeline file', FILE_BYTES_MAX), file).value as Block;
  for (const change of changes) applyChange(value, change);
  try {
    return { ...definePipeline(value as PipelineFile, { folder: dirname(file) }), file };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'config_invalid') throw error;
    const message = error.message.replaceAll(/^pipeline(?: at (\S+?))?: /gm, (_, path?: string) => (path ? `--set ${path}: ` : '--set: '));
    throw new AppError('config_invalid', message, { cause: error });
  }
}

function applyChange(root: Block, change: string): void {
  const equals = change.indexOf('=');
  const path = change.slice(0, Math.max(equals, 0)).split('.');
  if (equals < 1 || path.some((step) => !/^([A-Za-z][\w-]*|\d+)$/.test(step))) {
    throw new AppError('usage', `--set: found ${describe(change)}; expected ${FORM}`);
  }
  const written = change.slice(equals + 1);
  if (written.trim() === '') throw new AppError('usage', `--set ${change}: found no value; expected ${FORM}, or =null to take it out`);
  const value = parseYaml(written, `--set ${path.join('.')}`).value;
  let block: Block | unknown[] = root;
  for (const [depth, step] of path.entries()) {
    const place = path.slice(0, depth).join('.');
    if (Array.isArray(block) && !(/^\d+$/.test(step) && Object.hasOwn(block, step))) {
      const entries = block.length === 1 ? 'its one entry, 0' : `an entry of it, 0 to ${block.length - 1}`;
      throw new AppError('config_invalid', `--set ${change}: found a list at ${place}; expected ${entries}`);
    }
    const inner: unknown = Object.hasOwn(block, step) ? (block as Block)[step] : undefined;
    if (depth === path.length - 1) return put(block, step, value);
    if (typeof inner !== 'object' && inner !== undefined) {
      const there = [place, step].filter((part) => part !== '').join('.');
      throw new AppError('config_invalid', `--set ${change}: found ${describe(inner)} at ${there}; expected a block of keys there`);
    }
    // A block of its own: by an anchor several names may stand for the same one.
    const own: Block | unknown[] = Array.isArray(inner) ? [...(inner as unknown[])] : { ...inner };
    put(block, step, own);
    block = own;
  }
}

function put(block: Block | unknown[], step: string, value: unknown): void {
  if (value !== null) (block as Block)[step] = value;
  else if (Array.isArray(block)) block.splice(Number(step), 1);
  else delete block[step];
}
