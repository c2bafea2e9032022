import { importTests } from './folders.ts';

await importTests('pipeline');
