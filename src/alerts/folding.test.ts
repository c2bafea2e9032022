import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { atOnce } from '../core/slices.ts';
import type { Labels } from '../core/labels.ts';
import { speakersOf, type FiringAlert } from './folding.ts';
import type { Effect } from './state-machine.ts';

/** Named by its segment: `KR/video`; a star stands for a dimension that is summed over. */
function firing(name: string, amount: number, ratio: number, more: Partial<FiringAlert & Effect> = {}): FiringAlert {
  const { isNew = true, partOf, contributors = [] } = more;
  return { id: name, labels: labelsOf(name), effect: { amount, ratio, contributors }, isNew, partOf };
}

function labelsOf(name: string): Labels {
  const [country = '*', format = '*'] = name.split('/');
  return { ...(country === '*' ? {} : { country }), ...(format === '*' ? {} : { format }) };
}

/** `KR/video<KR/*`: KR speaks for KR video. Those that speak themselves stand alone. */
function told(...alerts: FiringAlert[]): string[] {
  const speakers = atOnce(speakersOf(alerts));
  return alerts.map(({ id }) => (speakers.get(id) === undefined ? id : `${id}<${speakers.get(id)}`));
}

test('a country that breaks is told once: not by its members, not by the total that feels it', () => {
  const members = ['KR/video', 'KR/banner', 'KR/native'].map((name) => firing(name, 30, 0.5));
  assert.deepEqual(told(...members, firing('KR/*', 90, 0.5), firing('*/*', 900, 0.95)), [
    'KR/video<KR/*',
    'KR/banner<KR/*',
    'KR/native<KR/*',
    'KR/*',
    '*/*<KR/*',
  ]);
});

test('one segment that breaks speaks for the roll-ups that feel it', () => {
  const own = { contributors: [{ labels: labelsOf('KR/video'), share: 0.97 }] };
  assert.deepEqual(told(firing('KR/video', 30, 0.2), firing('KR/*', 90, 0.73, own), firing('*/video', 300, 0.92, own)), [
    'KR/video',
    'KR/*<KR/video',
    '*/video<KR/video',
  ]);
});

test('a roll-up that crosses is folded only where most of its deviation lies in the speaker', () => {
  const share = (part: number): Partial<Effect> => ({ contributors: [{ labels: labelsOf('KR/video'), share: part }] });
  assert.deepEqual(told(firing('KR/*', 90, 0.5), firing('*/video', 300, 0.95, share(0.8))), ['KR/*', '*/video<KR/*']);
  assert.deepEqual(told(firing('KR/*', 90, 0.5), firing('*/video', 300, 0.9, share(0.3))), ['KR/*', '*/video']);
});

test('incidents in different segments are two, and a detector without grounds folds nothing', () => {
  assert.deepEqual(told(firing('KR/*', 90, 0.5), firing('US/*', 90, 0.5), firing('US/video', 30, 0.5)), ['KR/*', 'US/*', 'US/video<US/*']);
  const plain = (name: string): FiringAlert => ({ ...firing(name, 1, 1), effect: undefined });
  assert.deepEqual(told(plain('KR/*'), plain('KR/video')), ['KR/*', 'KR/video']);
});

test('members that rang first are taken in when the roll-up rings; one that stands out goes on by itself', () => {
  const old = { isNew: false };
  assert.deepEqual(told(firing('KR/video', 30, 0.5, old), firing('KR/*', 90, 0.5)), ['KR/video<KR/*', 'KR/*']);
  assert.deepEqual(told(firing('KR/video', 80, 0.1, old), firing('KR/*', 90, 0.4)), ['KR/video', 'KR/*<KR/video']);
  const folded = firing('KR/banner', 20, 0.5, { ...old, partOf: 'KR/video' });
  assert.deepEqual(told(firing('KR/video', 30, 0.5, old), folded, firing('KR/*', 90, 0.5)), ['KR/video<KR/*', 'KR/banner<KR/*', 'KR/*']);
});

test('a member that looks worse than its country, while the rest of it broke too, does not speak for it', () => {
  assert.deepEqual(told(firing('KR/video', 40, 0.3), firing('KR/*', 90, 0.45)), ['KR/video<KR/*', 'KR/*']);
});

test('who speaks goes on to speak; when it has ended, the others are asked anew', () => {
  const old = { isNew: false };
  const standing = [firing('KR/*', 90, 0.9, old), firing('KR/video', 30, 0.2, { ...old, partOf: 'KR/*' })];
  assert.deepEqual(told(...standing), ['KR/*', 'KR/video<KR/*']);
  assert.deepEqual(told(standing[1]!), ['KR/video']);
});

test('whatever fires, in whatever order: nobody who is spoken for speaks, and the answer is the same', () => {
  const name = fc.constantFrom('KR/video', 'KR/banner', 'US/video', 'US/banner', 'KR/*', 'US/*', '*/video', '*/banner', '*/*');
  const alert = fc
    .record({
      name,
      amount: fc.integer({ min: 0, max: 100 }),
      ratio: fc.constantFrom(0, 0.2, 0.5, 0.9),
      isNew: fc.boolean(),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ name: id, amount, ratio, isNew, share }) =>
      firing(id, amount, ratio, { isNew, contributors: [{ labels: labelsOf('KR/video'), share }] }),
    );
  let folded = 0;
  fc.assert(
    fc.property(fc.uniqueArray(alert, { selector: ({ id }) => id, maxLength: 9 }), fc.nat(), (alerts, turn) => {
      const speakers = atOnce(speakersOf(alerts));
      for (const [id, speaker] of speakers) {
        if (speaker === undefined) continue;
        folded++;
        assert.notEqual(id, speaker);
        assert.equal(speakers.get(speaker), undefined);
      }
      const at = turn % Math.max(1, alerts.length);
      const turned = [...alerts.slice(at), ...alerts.slice(0, at)].reverse();
      for (const [id, speaker] of atOnce(speakersOf(turned))) assert.equal(speaker, speakers.get(id), id);
    }),
  );
  assert.ok(folded > 50, `only ${folded} were folded`);
});
