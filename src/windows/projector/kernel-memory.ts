/** Texts and numbers in the kernel's memory, written and read; and what it asks of JavaScript, answered. */
import { parseEventTime } from '../decode/event-time.ts';
import { openProjectorKernel, type Kernel, type KernelHost } from './kernel.ts';

export interface KernelMemory {
  readonly kernel: Kernel;
  /** Copies bytes to where they may stay; their address. */
  put(bytes: Uint8Array): number;
  text(from: number, to: number): string;
  /** Writes a text to a place that the next call uses again, and calls `use` with its address and length. */
  withText<T>(text: string, use: (at: number, length: number) => T): T;
  /** The number of a test that the kernel may ask for. */
  addTest(holds: (text: string) => boolean): number;
}

const SCRATCH_BYTES = 4_096;

/** @returns undefined where no kernel can be had. @throws a kernel fault where it gets no memory */
export function openKernelMemory(timeUnit: 'iso' | 's' | 'ms'): KernelMemory | undefined {
  const tests: ((text: string) => boolean)[] = [];
  const encoder = new TextEncoder();
  const host: KernelHost = {
    numberAt: (from, to) => Number(text(from, to)),
    minuteAt: (from) => parseEventTime(`${text(from, from + 16)}:00.000Z`, 'iso'),
    timeAt: (from, to, isText) => parseEventTime(isText ? text(from, to) : Number(text(from, to)), timeUnit),
    textHolds: (test, from, to) => Number(surelyHolds(tests[test]!, text(from, to))),
    spell: (value, to) => encoder.encodeInto(String(value), new Uint8Array(kernel.memory.buffer, to, 32)).written,
  };
  const opened = openProjectorKernel(host);
  if (opened === undefined) return undefined;
  const kernel = opened;
  let scratch = 0;
  let scratchBytes = 0;

  function text(from: number, to: number): string {
    return Buffer.from(kernel.memory.buffer, from, to - from).toString('utf8');
  }

  return {
    kernel,
    text,
    put(bytes) {
      const at = kernel.take(bytes.length);
      new Uint8Array(kernel.memory.buffer).set(bytes, at);
      return at;
    },
    withText(written, use) {
      const bytes = encoder.encode(written);
      if (bytes.length > scratchBytes) {
        scratchBytes = Math.max(SCRATCH_BYTES, bytes.length * 2);
        // Words are read whole, so some bytes behind the text must be there.
        scratch = kernel.take(scratchBytes + 16);
      }
      new Uint8Array(kernel.memory.buffer).set(bytes, scratch);
      return use(scratch, bytes.length);
    },
    addTest: (holds) => tests.push(holds) - 1,
  };
}

function surelyHolds(test: (text: string) => boolean, text: string): boolean {
  try {
    return test(text);
  } catch (error) {
    // A regular expression on a text of many MB: for the reference to say what becomes of it.
    if (error instanceof RangeError) return false;
    throw error;
  }
}
