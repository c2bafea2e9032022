/** When the breaks of the demo come: so long after its page is up, whatever the counting of the past took before. */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { GeneratorConfig } from '../../sources/generator/config.ts';

/** A pipeline whose first input is the generator, and nothing breaks. */
export function withoutBreaks(config: LoadedPipeline): LoadedPipeline {
  return withBreaks(config, () => []);
}

/** The same with its breaks counted from `readyMs` (epoch ms) instead of from the generator's first start. */
export function withBreaksFrom(config: LoadedPipeline, readyMs: number): LoadedPipeline {
  return withBreaks(config, (breaks) =>
    breaks.map(({ after, ...each }) => (after === undefined ? each : { ...each, at: new Date(readyMs + after).toISOString() })),
  );
}

function withBreaks(config: LoadedPipeline, change: (breaks: GeneratorConfig['breaks']) => GeneratorConfig['breaks']): LoadedPipeline {
  const [input, ...others] = config.inputs;
  if (!input) return config;
  const generator = input.config as GeneratorConfig;
  return { ...config, inputs: [{ ...input, config: { ...generator, breaks: change(generator.breaks) } }, ...others] };
}
