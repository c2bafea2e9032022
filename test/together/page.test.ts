import { importTests } from './import-tests.ts';

await importTests('web/src');
