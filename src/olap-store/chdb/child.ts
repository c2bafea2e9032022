/** The embedded OLAP engine's process. Started by the supervisor; ends with it. */
import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { takeFileLock } from '../../core/file-lock.ts';
import type { ChildOrder, ChildReport } from './child-message.ts';
import { openEngine } from './engine.ts';
import { createProtocolServer } from './http.ts';

await main();

async function main(): Promise<void> {
  const input = createInterface({ input: process.stdin });
  const order = await new Promise<ChildOrder>((resolve) => {
    input.once('line', (line) => resolve(JSON.parse(line) as ChildOrder));
    // The parent is gone, in whatever way: what is stored is safe in the engine's parts, so nothing needs to be tidied up.
    input.once('close', () => process.kill(process.pid, 'SIGKILL'));
  });
  // Ctrl-C and the end of a terminal reach the whole process group: the parent decides when this one ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const report = await serve(order).catch((error: unknown): ChildReport => failure(error));
  process.stdout.write(`${JSON.stringify(report)}\n`);
  if (report.kind !== 'ready') process.exit(1);
}

async function serve(order: ChildOrder): Promise<ChildReport> {
  mkdirSync(order.dir, { recursive: true, mode: 0o700 });
  // What the engine says of a folder that another works on tells nobody so.
  const lock = takeFileLock(path.join(order.dir, 'lock.sqlite'), { timeoutMs: 0 });
  if (!lock) return { kind: 'locked', message: `another engine works on ${order.dir}` };
  const engine = await openEngine(order.dir);
  const server = createProtocolServer(order.accounts, engine);
  const port = await listen(server, order.port).catch(() => listen(server, 0));
  return { kind: 'ready', port };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function failure(error: unknown): ChildReport {
  const { code, message } = error instanceof Error ? (error as Error & { code?: string }) : { code: undefined, message: String(error) };
  const missing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED', 'CHDB_PLATFORM', 'CHDB_ABI'];
  return { kind: code !== undefined && missing.includes(code) ? 'missing' : 'failed', message };
}
