/**
 * `node:http`, taken without an import: an import lists all names of a module and so makes each of them, the client of WebSockets and `fetch` among them,
 * which takes a tenth of a second of the processor.
 */
import type * as Http from 'node:http';
import { createRequire } from 'node:module';

export const { createServer, request, STATUS_CODES } = createRequire(import.meta.url)('node:http') as typeof Http;
