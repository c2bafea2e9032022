import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { Item } from './draws.ts';

const EXPECTED = 'one object of items and their rates: { "phoenix": "0.6%" }';
const RATE = /^(\d{1,3}(?:\.\d{1,9})?)%$/;

/** @throws AppError `config_invalid` where it cannot be read, or holds something else than items and rates */
export function readRates(file: string, folder: string | undefined): Item[] {
  const path = isAbsolute(file) ? file : join(folder ?? '.', file);
  let table: unknown;
  try {
    table = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new AppError('config_invalid', `${path}: found no JSON file to read; expected ${EXPECTED}`, { cause });
  }
  if (typeof table !== 'object' || table === null || Array.isArray(table)) {
    throw new AppError('config_invalid', `${path}: found JSON that is not an object; expected ${EXPECTED}`);
  }
  return Object.entries(table).map(([name, text]: [string, unknown]) => {
    const percent = typeof text === 'string' ? Number(RATE.exec(text)?.[1]) : NaN;
    if (!(percent >= 0 && percent <= 100)) {
      throw new AppError('config_invalid', `${path}: found ${JSON.stringify(text)} for ${JSON.stringify(name)}; expected ${EXPECTED}`);
    }
    return { name, rate: percent / 100 };
  });
}
