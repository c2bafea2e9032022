import { resolve } from 'node:path';
import type { SourceKind } from '../source.ts';
import { fileConfig } from './config.ts';
import { openLines } from './lines.ts';
import type { LineResume } from './trail.ts';

export const fileSource: SourceKind<typeof fileConfig> = {
  name: 'file',
  description: 'Reads a file line by line, from where the last run came to.',
  config: fileConfig,
  open(config, deps) {
    return openLines(
      { path: resolve(deps.folder ?? '.', config.path) },
      {
        follow: config.follow && deps.once !== true,
        ...(deps.resume === undefined ? {} : { resume: deps.resume as LineResume }),
        ...(deps.signal ? { signal: deps.signal } : {}),
        ...(deps.logger ? { logger: deps.logger } : {}),
      },
    );
  },
};
