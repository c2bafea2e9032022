/** What the partitions' ledgers say of the file of `--outcomes`. */
import { outcomesStatePrefix } from '../run/outcomes-file.ts';
import type { Ground } from './ground.ts';

export async function notedOutcomes({
  inputs,
  partitionLog,
}: Pick<Ground, 'inputs' | 'partitionLog'>): Promise<(readonly [string, Uint8Array])[]> {
  const noted: (readonly [string, Uint8Array])[] = [];
  for (const input of inputs) {
    const log = await partitionLog(input, { readOnly: true });
    noted.push(...(await log.state(outcomesStatePrefix)));
    await log.close();
  }
  return noted;
}
