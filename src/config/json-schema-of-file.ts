/** The JSON Schema of a pipeline file, for editors: from the same zod schemas that judge it. */
import { z } from 'zod';
import { DETECTOR_NAMES, kindNamed, measureDetectSchema, sharedDetectSchema } from './detect-schema.ts';
import type { DetectorKind } from '../detectors/detector.ts';
import { matchSchema } from '../receivers/match.ts';
import { pipelineSchema } from './pipeline-schema.ts';
import { RECEIVER_TYPES, receiverKind } from './resolve-outputs.ts';

/** The settings of a detector stand there once: a measure has one, or a list of them. */
const SETTINGS_NAME = 'detector';
const SETTINGS: JsonSchema = { $ref: `#/definitions/${SETTINGS_NAME}` };

export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema | JsonSchema[];
  anyOf?: JsonSchema[];
  definitions?: Record<string, JsonSchema>;
  [keyword: string]: unknown;
}

/** Draft-07, which editors know best. As input: what a person writes, before defaults. */
function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-07', reused: 'inline' }) as JsonSchema;
  return rest;
}

export function pipelineJsonSchema(): JsonSchema {
  const schema = toJsonSchema(pipelineSchema);
  const detectors = DETECTOR_NAMES.flatMap((name) => kindNamed(name) ?? []);
  const settings = detectors.map((kind) => {
    const one = toJsonSchema(measureDetectSchema(kind));
    const detector = { ...one.properties?.['detector'], const: kind.name };
    return { title: kind.name, description: kind.description, ...one, properties: { ...one.properties, detector } };
  });
  const match = { ...toJsonSchema(matchSchema), description: 'Only alerts for which all of this holds. Default: all.' };
  const properties: Record<string, JsonSchema> = {
    ...schema.properties,
    detect: {
      description:
        'What is watched, and how: names of measures, each with the settings of a detector, or a list of such; settings in the block itself hold for all measures.',
      type: 'object',
      properties: sharedProperties(detectors),
      additionalProperties: { anyOf: [SETTINGS, { title: 'several', type: 'array', minItems: 1, items: SETTINGS }] },
    },
    receivers: {
      description: 'Who is told, by name. Default: the console.',
      type: 'object',
      additionalProperties: {
        anyOf: RECEIVER_TYPES.flatMap((name) => receiverKind(name) ?? []).map((kind) => {
          const one = toJsonSchema(kind.config);
          const type = { const: kind.name, description: 'Kind of receiver.' };
          const required = ['type', ...(one.required ?? [])];
          return { title: kind.name, description: kind.description, ...one, properties: { type, ...one.properties, match }, required };
        }),
      },
    },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Tocsin pipeline file',
    ...schema,
    properties,
    definitions: { [SETTINGS_NAME]: { anyOf: settings } },
    // One source with its event, or several.
    anyOf: [{ required: ['source', 'event'] }, { required: ['sources'] }],
  };
}

/** Settings that may stand in the `detect` block itself. Detectors may have settings of one name that are different things. */
function sharedProperties(detectors: readonly DetectorKind[]): Record<string, JsonSchema> {
  const found = detectors.flatMap((kind) =>
    Object.entries(toJsonSchema(sharedDetectSchema(kind)).properties ?? {}).map(([key, schema]) => ({ key, schema, detector: kind.name })),
  );
  const byKey = Map.groupBy(found, ({ key }) => key);
  return Object.fromEntries([...byKey].map(([key, entries]) => [key, oneOf(entries)]));
}

function oneOf(entries: readonly { readonly schema: JsonSchema; readonly detector: string }[]): JsonSchema {
  const forms = new Map(entries.map(({ schema }) => [JSON.stringify(schema), schema]));
  const [only, ...others] = forms.values();
  if (only === undefined || others.length === 0) return only ?? {};
  const description = `A setting of ${entries.map(({ detector }) => detector).join(', ')}: see there.`;
  return { description, anyOf: [only, ...others] };
}
