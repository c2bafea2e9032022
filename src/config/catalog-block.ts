/** Blocks of the pipeline file that come from a room's catalog, so that a new entry there is known here at once. */
import { z } from 'zod';

interface CatalogKind {
  readonly name: string;
  readonly description: string;
  readonly config: z.ZodType;
}
type Catalog = Readonly<Record<string, CatalogKind>>;

/** `{ generator: { … } }`: exactly one entry of the catalog, by its name. */
export function oneOfCatalog(catalog: Catalog) {
  const names = Object.keys(catalog);
  return z
    .strictObject(Object.fromEntries(Object.values(catalog).map((kind) => [kind.name, kind.config.optional().describe(kind.description)])))
    .refine(
      (block) => Object.values(block).filter((value) => value !== undefined).length === 1,
      `expected exactly one of ${names.join(', ')}`,
    )
    .transform((block) => {
      const [kind, config] = Object.entries(block).find(([, value]) => value !== undefined) ?? ['', undefined];
      return { kind, config };
    });
}

/** The settings of a kind by name. A kind's schema is an object, so that its fields can stand beside those of the block. */
export function shapeOf(kind: CatalogKind): Record<string, z.ZodType> {
  if (kind.config instanceof z.ZodObject) return kind.config.shape;
  throw new TypeError(`the settings of ${kind.name} are not an object`);
}
