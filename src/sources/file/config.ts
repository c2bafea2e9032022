import { z } from 'zod';

export const fileConfig = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('File to read, one event a line; plain, gzip or zstd. A relative path starts in the folder of the pipeline file.'),
  follow: z
    .boolean()
    .default(false)
    .describe(
      'Wait for more at the end of a plain file that is still written, and go on with the new one when it is rotated (as tail -F does); its last line counts when its line end is there.',
    ),
});
