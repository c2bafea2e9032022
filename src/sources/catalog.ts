/** Every kind of source that a pipeline file can name under `from:`. */
import { fileSource } from './file/source.ts';
import { gachaSource } from './gacha/source.ts';
import { generatorSource } from './generator/source.ts';

export const sourceCatalog = {
  file: fileSource,
  gacha: gachaSource,
  generator: generatorSource,
} as const;
