/**
 * Loaded into a process before anything else: its wall clock is off by as many ms as stand in the file that TOCSIN_TEST_CLOCK names,
 * and jumps when that changes. Monotonic time goes on.
 */
import { readFileSync } from 'node:fs';

const file = process.env['TOCSIN_TEST_CLOCK'];
if (file !== undefined) {
  const real = Date.now;
  let offsetMs = 0;
  const look = (): void => {
    try {
      offsetMs = Number(readFileSync(file, 'utf8'));
    } catch {
      offsetMs = 0;
    }
  };
  look();
  setInterval(look, 50).unref();
  const moved = class extends Date {
    constructor(...args: [] | [number]) {
      if (args.length === 0) super(moved.now());
      else super(...args);
    }
    static override now(): number {
      return real() + offsetMs;
    }
  };
  globalThis.Date = moved as DateConstructor;
}
