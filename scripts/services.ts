/**
 * Brings up what tests and benchmarks need for as long as a command runs:
 * `services.ts run [--if-possible] [--quick] kafka redis clickhouse -- COMMAND…`. Of each: the address in the environment (TOCSIN_TEST_KAFKA …),
 * else a container, else packages of this machine. The command finds the addresses in the environment; its exit code is passed on.
 * `--quick`: for tests, which ask little of many things; without it what is started is made for speed, as measurements want it.
 */
import { once } from 'node:events';
import { constants } from 'node:os';
import { startClickHouse } from './services/clickhouse.ts';
import { provideKafka, startKafka } from './services/kafka.ts';
import { provideRedis, startRedis } from './services/redis.ts';
import { ServiceMissing, type Service, type ServiceName } from './services/service.ts';
import { spawnGuarded } from './services/watchdog.ts';

const USAGE = 'usage: scripts/services.ts run [--if-possible] [--quick] [kafka] [redis] [clickhouse] -- COMMAND…';
const FLAGS = ['--if-possible', '--quick'];
const STARTS: Readonly<Record<ServiceName, (isQuick: boolean) => Promise<Service>>> = {
  kafka: async (isQuick) => {
    await provideKafka();
    return startKafka({ lasting: !isQuick });
  },
  redis: async () => {
    await provideRedis();
    return startRedis();
  },
  clickhouse: startClickHouse,
};

interface Wanted {
  readonly names: readonly ServiceName[];
  readonly ifPossible: boolean;
  readonly isQuick: boolean;
  readonly command: readonly [program: string, ...args: string[]];
}

function wanted(args: readonly string[]): Wanted {
  const dashes = args.indexOf('--');
  const [program, ...rest] = dashes === -1 ? [] : args.slice(dashes + 1);
  const words = args.slice(1, dashes);
  const names = words.filter((word) => !FLAGS.includes(word));
  const unknown = names.find((name) => !Object.hasOwn(STARTS, name));
  if (args[0] !== 'run' || program === undefined || unknown !== undefined) {
    console.error(unknown === undefined ? USAGE : `services: there is no service "${unknown}"\n${USAGE}`);
    process.exit(2);
  }
  // REQUIRE_SERVICES: nothing is optional.
  const ifPossible = words.includes('--if-possible') && !process.env['REQUIRE_SERVICES'];
  return { names: names as ServiceName[], ifPossible, isQuick: words.includes('--quick'), command: [program, ...rest] };
}

async function run({ names, ifPossible, isQuick, command }: Wanted): Promise<number> {
  const env: NodeJS.ProcessEnv = { ...process.env };
  const services: Service[] = [];
  let interrupted: NodeJS.Signals | undefined;
  let tellCommand: (signal: NodeJS.Signals) => void = () => {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = signal;
      tellCommand(signal);
    });
  }
  const provide = async (name: ServiceName): Promise<void> => {
    const variable = `TOCSIN_TEST_${name.toUpperCase()}`;
    if (process.env[variable]) return console.error(`services: ${name} at ${process.env[variable]}, as ${variable} says`);
    try {
      const service = await STARTS[name](isQuick);
      services.push(service);
      env[variable] = service.address;
    } catch (error) {
      if (!(error instanceof ServiceMissing) || !ifPossible) throw error;
      console.error(`services: no ${name}, tests that need it are skipped: ${error.message}`);
    }
  };
  try {
    const results = await Promise.allSettled(names.map(provide));
    const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    for (const error of failed) console.error(`services: ${error instanceof Error ? error.message : String(error)}`);
    if (failed.length > 0) return 2;
    if (interrupted) return 128 + constants.signals[interrupted];
    const [program, ...args] = command;
    const { child, callOff } = spawnGuarded(program, args, { env, output: 'inherit' });
    // Ctrl-C in a terminal reaches the command by itself.
    tellCommand = (signal) => void (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal));
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
    } catch (error) {
      console.error(`services: ${program} cannot be run: ${String(error)}`);
      return 127;
    } finally {
      callOff();
    }
  } finally {
    await Promise.allSettled(services.map((service) => service.stop()));
  }
}

process.exitCode = await run(wanted(process.argv.slice(2)));
