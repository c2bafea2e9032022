/** The classes of a broker in one file that Java maps into memory: with it a start takes less than half of the processor's time. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { kafkaJars } from './kafka-jars.ts';
import { untilReady, type Service } from './service.ts';

/** Beside the jars: among them it would change the order in which Java finds them, and be void. */
function archiveFile(): string {
  return `${kafkaJars()}.jsa`;
}

/** Java that soon ends: a start compiles little, and twice is little too. With the jars of Kafka as its whole class path. */
export function quickJava(): string[] {
  return ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', ...archiveOptions()];
}

/** For a broker and its tools. A file that another Java has written is left out by Java itself. */
export function archiveOptions(): string[] {
  return existsSync(archiveFile()) ? [`-XX:SharedArchiveFile=${archiveFile()}`] : [];
}

/**
 * Makes the file where it is missing, once on a machine; two at a time do no harm. Without it all is slower, and the same.
 * `start`: a broker that writes what it has loaded into the file named, when it ends in good order.
 */
export async function archiveClasses(start: (archive: string) => Promise<Service>): Promise<void> {
  const file = archiveFile();
  if (existsSync(file)) return;
  const made = `${file}.${process.pid}`;
  const broker = await start(made);
  try {
    process.kill(broker.pid()!, 'SIGTERM');
    await untilReady('the archive of classes', async () => !isAlive(broker.pid()!), new Promise(() => {}), 30_000);
    if (existsSync(made)) renameSync(made, file);
  } catch (error) {
    console.error(`services: starts of Kafka stay slow: ${String(error)}`);
  } finally {
    await broker.stop();
    rmSync(made, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
