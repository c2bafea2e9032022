/** The way in: a pipeline file, or the same as an object, to a validated pipeline; or one error that names every fault. */
import { dirname } from 'node:path';
import type { LoadedPipeline } from './pipeline-config.ts';
import { pipelineSchema, type PipelineFile } from './pipeline-schema.ts';
import { createProblems, problemsError, type Problem } from './problem.ts';
import { readTextFile } from './read-file.ts';
import { resolvePipeline } from './resolve.ts';
import { parseYaml } from './yaml-text.ts';
import { validPart } from './valid-part.ts';
import { checkWith } from './zod-problems.ts';

const FILE_BYTES_MAX = 1_048_576;

/**
 * @param path of a YAML file; paths in it are relative to its folder
 * @throws AppError `config_invalid`: one line `file:line:column: found X; expected Y` for each fault
 */
export function loadPipeline(path: string): LoadedPipeline {
  const yaml = parseYaml(readTextFile(path, 'a pipeline file', FILE_BYTES_MAX), path);
  const place = (problem: Problem): { text: string; order: number } => {
    const { line, column } = yaml.locate(problem.path, problem.atKey === true);
    return { text: `${path}:${line}:${column}`, order: line * 1_000_000 + column };
  };
  return { ...validate(yaml.value, dirname(path), place), file: path };
}

/**
 * A pipeline written in TypeScript: the same keys and values as in the file.
 * @param options.folder that paths in it are relative to; default the working directory
 * @throws AppError `config_invalid`: one line `pipeline at measures.ctr: found X; expected Y` for each fault
 */
export function definePipeline(pipeline: PipelineFile, options: { readonly folder?: string } = {}): LoadedPipeline {
  const place = (problem: Problem): { text: string; order: number } => ({
    text: problem.path.length === 0 ? 'pipeline' : `pipeline at ${problem.path.map(stepText).join('.')}`,
    order: 0,
  });
  return validate(pipeline, options.folder ?? '.', place);
}

/** Names that are no plain words are quoted, so that a message stays one line. */
function stepText(step: string | number): string {
  return /^[\w-]+$/.test(String(step)) ? String(step) : JSON.stringify(step);
}

function validate(value: unknown, folder: string, place: (problem: Problem) => { text: string; order: number }): LoadedPipeline {
  const checked = checkWith(pipelineSchema, value);
  if (!checked.ok) throw problemsError([...checked.problems, ...problemsOfRest(value, checked.problems, folder)], place);
  const problems = createProblems();
  const resolved = resolvePipeline(checked.value, folder, problems);
  if (problems.list.length > 0) throw problemsError(problems.list, place);
  return resolved;
}

/** Of a file with parts that are wrong by themselves: what the others disagree about. */
function problemsOfRest(value: unknown, problems: readonly Problem[], folder: string): Problem[] {
  const rest = validPart(value, problems);
  if (!rest) return [];
  const found = createProblems();
  resolvePipeline(rest.block, folder, found);
  return found.list.filter((problem) => !rest.mayFollow(problem));
}
