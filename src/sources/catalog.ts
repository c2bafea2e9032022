/** Every kind of source that a pipeline file can name under `from:`. */
import { fileSource } from './file/source.ts';
import { generatorSource } from './generator/source.ts';

export const sourceCatalog = {
  file: fileSource,
  generator: generatorSource,
} as const;
