/** Prints what `node --test` is to be given for all tests, a file a line. */
import { testFiles } from '../test/together/folders.ts';

console.log(testFiles().join('\n'));
