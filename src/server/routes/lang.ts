/** The `lang` of a request: in whose words alerts are told. */
export const LANG = {
  type: 'string',
  enum: ['en', 'ko'],
  description: "In whose words alerts are told; without it in those of the pipeline's `locale`.",
} as const;
