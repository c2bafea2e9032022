/** Tocsin as a library: pipelines written in TypeScript, and the process that runs them. */
export { definePipeline, loadPipeline } from './config/load-pipeline.ts';
export type { LoadedPipeline } from './config/pipeline-config.ts';
export type { PipelineFile } from './config/pipeline-schema.ts';
export { AppError, type ErrorCode } from './core/errors.ts';
export { runPipelines, type RunDeps } from './app/run.ts';
export type { RunOptions } from './app/run/run-options.ts';
export type { WindowRecord, WindowRow } from './windows/row.ts';
export type { AlertEvent } from './receivers/alert-event.ts';
