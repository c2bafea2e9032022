/** The engine's process, with programs in its place that only pretend. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporary } from '../../../test/support/temporary.ts';
import { startEngineProcess, type EngineProcess } from './child-process.ts';

const account = { username: 'user', password: 'secret' };

/** Prints this line, and stays. */
function printing(t: TestContext, line: string): EngineProcess {
  const program = path.join(temporary(t), 'engine.mjs');
  writeFileSync(program, `console.log(${JSON.stringify(line)});\nprocess.stdin.resume();\n`);
  const engine = startEngineProcess({ dir: path.dirname(program), accounts: { owner: account, reader: account }, port: 0 }, program);
  t.after(() => engine.kill());
  return engine;
}

test('takes the report of the engine from its first line', async (t) => {
  const engine = printing(t, JSON.stringify({ kind: 'ready', port: 1 }));
  assert.deepEqual(await engine.report, { kind: 'ready', port: 1 });
  engine.kill();
  assert.equal(await engine.ended, 'signal SIGKILL');
});

test('a line that is no report is a failure that shows it', async (t) => {
  for (const line of ['Processing configuration file', '{"kind":"rea', 'null', '{"port":1}', 'x'.repeat(10_000)]) {
    const engine = printing(t, line);
    assert.deepEqual(await engine.report, {
      kind: 'failed',
      message: `it said ${JSON.stringify(line.slice(0, 200))} where its report was expected`,
    });
    engine.kill();
    await engine.ended;
  }
});
