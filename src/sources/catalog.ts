/** Every kind of source that a pipeline file can name under `from:`. */
import { commerceSource } from './commerce/source.ts';
import { fileSource } from './file/source.ts';
import { gachaSource } from './gacha/source.ts';
import { generatorSource } from './generator/source.ts';

export const sourceCatalog = {
  file: fileSource,
  gacha: gachaSource,
  generator: generatorSource,
  commerce: commerceSource,
} as const;
