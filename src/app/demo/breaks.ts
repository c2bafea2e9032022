/**
 * When the breaks of the demo come: so long after its page is up, whatever the counting of the past took before, and with a window. A
 * break that ended within a window would leave it neither broken nor whole, for a moving average that has learnt the break to like.
 */
import type { LoadedPipeline } from '../../config/pipeline-config.ts';
import type { GeneratorConfig } from '../../sources/generator/config.ts';
import { lastStart, smallestWindow } from '../../windows/plan.ts';

/** A pipeline whose first input is the generator, and nothing breaks. */
export function withoutBreaks(config: LoadedPipeline): LoadedPipeline {
  return withGenerator(config, () => ({ breaks: [] }));
}

/**
 * The same with its breaks counted from `readyMs` (epoch ms) instead of from the generator's first start; each begins with the next window
 * of the shortest size.
 */
export function withBreaksFrom(config: LoadedPipeline, readyMs: number): LoadedPipeline {
  const window = smallestWindow(config.engine.windows);
  const start = (after: number): string => new Date(lastStart(window, readyMs + after - 1) + window.slideMs).toISOString();
  return withGenerator(config, ({ breaks }) => ({
    breaks: breaks.map(({ after, ...each }) => (after === undefined ? each : { ...each, at: start(after) })),
  }));
}

/** The same with other settings of its generator. */
export function withGenerator(config: LoadedPipeline, change: (generator: GeneratorConfig) => Partial<GeneratorConfig>): LoadedPipeline {
  const [input, ...others] = config.inputs;
  if (!input) return config;
  const generator = input.config as GeneratorConfig;
  return { ...config, inputs: [{ ...input, config: { ...generator, ...change(generator) } }, ...others] };
}
