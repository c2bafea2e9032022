import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handClock, point } from '../testing.ts';
import { openStream, type EventStream } from './stream.ts';

class FakeSource implements EventStream {
  readyState = 0;
  readonly listeners = new Map<string, (event: { readonly data?: string }) => void>();

  addEventListener(type: string, listener: (event: { readonly data?: string }) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.readyState = 2;
  }
  opens(): void {
    this.readyState = 1;
    this.listeners.get('open')?.({});
  }
  fails(readyState: number): void {
    this.readyState = readyState;
    this.listeners.get('error')?.({});
  }
  tells(type: string, data: unknown): void {
    this.listeners.get(type)?.({ data: JSON.stringify(data) });
  }
}

function scene() {
  const clock = handClock();
  const sources: FakeSource[] = [];
  const said: string[] = [];
  const stream = openStream(
    () => '/stream',
    {
      points: (points) => said.push(`points ${points.length}`),
      alert: () => said.push('alert'),
      status: () => said.push('status'),
      silences: (silences) => said.push(`silences ${silences.length}`),
      gap: () => said.push('gap'),
      connection: (state) => said.push(state),
    },
    {
      clock,
      open: () => {
        const source = new FakeSource();
        sources.push(source);
        return source;
      },
    },
  );
  return { clock, sources, said, stream, last: () => sources.at(-1) as FakeSource };
}

test('events are handed on; `reset` is a gap, and so is the beginning: what came since the first answers is in neither', () => {
  const { said, last } = scene();
  last().opens();
  last().tells('points', [point(0, 1)]);
  last().tells('status', {});
  last().tells('silences', []);
  last().tells('reset', {});
  assert.deepEqual(said, ['connecting', 'live', 'gap', 'points 1', 'status', 'silences 0', 'gap']);
});

test('a connection that the browser mends itself has no further gap', () => {
  const { said, sources, last } = scene();
  last().opens();
  last().fails(0);
  last().opens();
  assert.deepEqual(said, ['connecting', 'live', 'gap', 'lost', 'live']);
  assert.equal(sources.length, 1);
});

test('opened anew, for another language, it listens to the new one alone and loads what was missed', () => {
  const { said, sources, stream, last } = scene();
  last().opens();
  stream.reopen();
  sources[0]!.tells('status', {});
  last().opens();
  last().tells('status', {});
  assert.equal(sources.length, 2);
  assert.deepEqual(said, ['connecting', 'live', 'gap', 'live', 'gap', 'status']);
});

test('where the browser gives up, a new one is opened, later and later, and what was missed is loaded', () => {
  const { said, sources, clock, last } = scene();
  last().fails(2);
  clock.pass(999);
  assert.equal(sources.length, 1);
  clock.pass(1);
  assert.equal(sources.length, 2);
  last().fails(2);
  clock.pass(1_999);
  assert.equal(sources.length, 2);
  clock.pass(1);
  last().opens();
  assert.deepEqual(said, ['connecting', 'lost', 'lost', 'live', 'gap']);
});

test('a line that has gone silent is dead, though nobody said so', () => {
  const { said, sources, clock, last } = scene();
  last().opens();
  clock.pass(14_000);
  last().tells('status', {});
  clock.pass(14_999);
  assert.equal(sources.length, 1);
  clock.pass(1_001);
  assert.equal(sources[0]?.readyState, 2);
  assert.equal(sources.length, 2);
  assert.deepEqual(said, ['connecting', 'live', 'gap', 'status', 'lost']);
});

test('closed is closed: nothing is said, nothing is opened', () => {
  const { said, sources, clock, last, stream } = scene();
  last().opens();
  stream.close();
  last().tells('status', {});
  clock.pass(60_000);
  assert.deepEqual(said, ['connecting', 'live', 'gap']);
  assert.equal(sources.length, 1);
});
