import { importTests } from './import-tests.ts';

await importTests('src/alerts', 'src/config', 'src/core', 'src/dead-letter', 'src/notify', 'src/receivers', 'src/schemas');
