import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../test/support/fast-check.ts';
import { atOnce } from '../core/slices.ts';
import type { Labels } from '../core/labels.ts';
import { agree, holds, type FiringAlert } from './explains.ts';
import { speakersOf } from './folding.ts';
import type { Effect } from './state-machine.ts';

/** Named by its segment: `KR/video`; a star stands for a dimension that is summed over. */
function firing(name: string, amount: number, ratio: number, more: Partial<FiringAlert & Effect> = {}): FiringAlert {
  const { isNew = true, partOf, contributors = [], keys } = more;
  return { id: name, labels: labelsOf(name), effect: { amount, ratio, contributors, ...(keys && { keys }) }, isNew, partOf };
}

/** Heavy hitters, each with its count; more than 100 ring. */
function hit(name: string, counts: Readonly<Record<string, number>>, isNew = true, partOf?: string): FiringAlert {
  const keys = Object.entries(counts).map(([key, least]) => ({ key, least, most: least + 3 }));
  return firing(name, 100, Math.max(...Object.values(counts)) / 100, { isNew, keys, ...(partOf !== undefined && { partOf }) });
}

/** Full segments with their share of a deviation, and of what was expected. */
function named(shares: Readonly<Record<string, readonly [share: number, usual: number]>>): Pick<Effect, 'contributors'> {
  return { contributors: Object.entries(shares).map(([name, [share, usual]]) => ({ labels: labelsOf(name), share, usual })) };
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

test('a user who comes too often is told once: by the finest level that has all of it, by the total where it comes from everywhere', () => {
  const here = ['*/*', 'KR/*', '*/video', 'KR/video'].map((name) => hit(name, { robot: 120 }));
  assert.deepEqual(told(...here), ['*/*<KR/video', 'KR/*<KR/video', '*/video<KR/video', 'KR/video']);
  // Of what comes besides from elsewhere there is little.
  assert.deepEqual(told(hit('*/*', { robot: 130 }), here[1]!), ['*/*<KR/*', 'KR/*']);
  const everywhere = [hit('*/*', { robot: 400 }), ...['KR/*', 'US/*', '*/video'].map((name) => hit(name, { robot: 200 }))];
  assert.deepEqual(told(...everywhere), ['*/*', 'KR/*<*/*', 'US/*<*/*', '*/video<*/*']);
});

test('two users in two segments are two incidents, until a level names both; nobody is folded into an alert that did not name it', () => {
  const [seven, eight] = [hit('KR/video', { seven: 120 }), hit('US/banner', { eight: 150 })];
  assert.deepEqual(told(seven, eight), ['KR/video', 'US/banner']);
  assert.deepEqual(told(seven, eight, hit('*/*', { eight: 150, seven: 120 })), ['KR/video<*/*', 'US/banner<*/*', '*/*']);
  assert.deepEqual(told(hit('*/*', { seven: 120 }, false), eight), ['*/*', 'US/banner']);
});

test('who is folded is asked anew when it names somebody whom its speaker did not tell, or has less than half of by now', () => {
  const asked = (banner: Record<string, number>, total: Record<string, number>): string[] =>
    told(hit('KR/banner', banner, false), hit('*/*', total, false, 'KR/banner'));
  const stays = ['KR/banner', '*/*<KR/banner'];
  const leaves = ['KR/banner<*/*', '*/*'];
  assert.deepEqual(asked({ seven: 120 }, { seven: 240 }), stays);
  assert.deepEqual(asked({ seven: 120 }, { seven: 241 }), leaves);
  assert.deepEqual(asked({ seven: 120 }, { seven: 120, eight: 110 }), leaves);
  assert.deepEqual(asked({ seven: 120, eight: 0 }, { seven: 120, eight: 110 }), leaves);
  // Without names: each may be somebody else's.
  assert.deepEqual(asked({ '': 120 }, { '': 300 }), stays);
  // A roll-up has all that its segments have.
  assert.deepEqual(told(hit('*/*', { seven: 0 }, false), hit('KR/*', { seven: 120 }, false, '*/*')), ['*/*', 'KR/*<*/*']);
});

test('a roll-up that rings after the segment that broke is its echo, however large it is by then', () => {
  // Rung over a span that reaches back to before the break, KR video looks smaller than what the roll-ups see of it.
  const broke = firing('KR/video', 0.07, 23, { isNew: false });
  const own = named({ 'KR/video': [0.95, 0.14] });
  assert.deepEqual(told(broke, firing('KR/*', 0.13, 31, own), firing('*/video', 0.2, 21, own), firing('*/*', 0.5, 9, own)), [
    'KR/video',
    'KR/*<KR/video',
    '*/video<KR/video',
    '*/*<KR/video',
  ]);
});

test('another segment that breaks, however large, takes over neither the total that did not feel it nor who spoke through that', () => {
  const total = firing('*/*', 0.5, 9, { isNew: false, ...named({ 'KR/video': [0.95, 0.14] }) });
  const later = firing('US/banner', 0.05, 150);
  assert.deepEqual(told(total, firing('KR/video', 0.07, 23, { isNew: false, partOf: '*/*' }), later), ['*/*', 'KR/video<*/*', 'US/banner']);
  // It is most of what the total lacks, and speaks for it: of what KR video lacks it knows nothing.
  const both = firing('*/*', 100, 0.6, { isNew: false, ...named({ 'US/banner': [0.8, 0.3], 'KR/video': [0.15, 0.1] }) });
  const folded = firing('KR/video', 10, 0.4, { isNew: false, partOf: '*/*' });
  assert.deepEqual(told(both, folded, firing('US/banner', 30, 0)), ['*/*<US/banner', 'KR/video', 'US/banner']);
});

test('a roll-up takes over nobody who broke by himself, where it is out elsewhere', () => {
  const elsewhere = named({ 'US/banner': [0.96, 0.2] });
  assert.deepEqual(told(firing('KR/video', 10, 3, { isNew: false }), firing('*/*', 100, 25, elsewhere)), ['KR/video', '*/*']);
  assert.deepEqual(told(firing('*/*', 100, 25, { isNew: false, ...elsewhere }), firing('KR/video', 10, 3)), ['*/*', 'KR/video']);
  // Of eight segments that broke alike five are named: the others broke alike, too.
  const some = Object.fromEntries(['KR/a', 'KR/b', 'KR/c', 'KR/d', 'KR/e'].map((name) => [name, [0.125, 0.125]] as const));
  assert.deepEqual(told(firing('KR/video', 10, 3, { isNew: false }), firing('KR/*', 80, 3, named(some))), ['KR/video<KR/*', 'KR/*']);
});

test('two segments that break for themselves are two incidents; a roll-up that feels both belongs to the stronger, whoever rings first', () => {
  const shares = named({ 'KR/video': [0.49, 0.1], 'US/video': [0.47, 0.1] });
  const whole = (isNew: boolean): FiringAlert[] => [
    firing('*/*', 100, 3, { isNew, ...shares }),
    firing('*/video', 40, 6, { isNew, ...shares }),
  ];
  const parts = (isNew: boolean): FiringAlert[] => [firing('KR/video', 10, 10.8, { isNew }), firing('US/video', 10, 10.4, { isNew })];
  const expected = ['KR/video', 'US/video', '*/*<KR/video', '*/video<KR/video'];
  assert.deepEqual(told(...parts(false), ...whole(true)), expected);
  assert.deepEqual(told(...parts(true), ...whole(true)), expected);
  // Half of the world, and not two of its segments.
  const all = named({ 'KR/video': [0.25, 0.25], 'KR/banner': [0.25, 0.25], 'US/video': [0.26, 0.25], 'US/banner': [0.24, 0.25] });
  const members = ['KR/video', 'KR/banner', 'US/video', 'US/banner'].map((name) => firing(name, 25, 3.1, { isNew: false }));
  assert.deepEqual(told(...members, firing('*/*', 100, 3, all)), [...members.map(({ id }) => `${id}<*/*`), '*/*']);
});

test('whatever rings and ends: who is spoken for does not speak, shares events with who does, and the order says nothing', () => {
  const FULL = ['KR/video', 'KR/banner', 'US/video', 'US/banner'];
  const alert = fc.record({
    name: fc.constantFrom(...FULL, 'KR/*', 'US/*', '*/video', '*/banner', '*/*'),
    amount: fc.integer({ min: 0, max: 100 }),
    size: fc.constantFrom(0, 0.2, 0.5, 0.9),
    rings: fc.nat({ max: 3 }),
    lasts: fc.integer({ min: 1, max: 3 }),
    parts: fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })), { minLength: 4, maxLength: 4 }),
    counts: fc.array(fc.dictionary(fc.constantFrom('seven', 'eight'), fc.constantFrom(101, 120, 210), { minKeys: 1 }), {
      minLength: 1,
      maxLength: 3,
    }),
    isHit: fc.boolean(),
  });
  let folded = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(alert, { selector: ({ name }) => name, maxLength: 9 }),
      fc.boolean(),
      fc.boolean(),
      fc.nat(),
      (all, isRise, areHits, turn) => {
        let speakers = new Map<string, string | undefined>();
        for (let minute = 0; minute < 6; minute++) {
          const alerts = all.flatMap(({ name, amount, size, rings, lasts, parts, counts, isHit }) => {
            if (minute < rings || minute >= rings + lasts) return [];
            const more = { isNew: minute === rings, partOf: speakers.get(name) };
            const inside = FULL.flatMap((one, i) =>
              one !== name && holds(labelsOf(name), labelsOf(one)) ? [[one, parts[i]!] as const] : [],
            );
            const [shares, usual] = [0, 1].map((which) => inside.reduce((sum, [, part]) => sum + part[which]!, 0)) as [number, number];
            const contributors = named(
              Object.fromEntries(inside.map(([one, [share, part]]) => [one, [share / shares, part / usual] as const])),
            );
            const one = firing(name, amount, isRise ? 2 + 9 * size : size, { ...more, ...contributors });
            return [areHits || isHit ? { ...hit(name, counts[minute % counts.length]!), ...more } : one];
          });
          const at = turn % Math.max(1, alerts.length);
          const turned = atOnce(speakersOf([...alerts.slice(at), ...alerts.slice(0, at)].reverse()));
          speakers = atOnce(speakersOf(alerts));
          assert.equal(speakers.size, alerts.length);
          const keysOf = (id: string): string[] => alerts.find((one) => one.id === id)?.effect?.keys?.map(({ key }) => key) ?? [];
          for (const [id, speaker] of speakers) {
            assert.equal(turned.get(id), speaker, id);
            if (speaker === undefined) continue;
            folded++;
            assert.notEqual(id, speaker);
            assert.ok(speakers.has(speaker) && speakers.get(speaker) === undefined, `${id} belongs to ${speaker}, who does not speak`);
            assert.ok(agree(labelsOf(id), labelsOf(speaker)), `${id} belongs to ${speaker}`);
            if (areHits)
              assert.deepEqual(
                keysOf(id).filter((key) => !keysOf(speaker).includes(key)),
                [],
                `${id} belongs to ${speaker}, who did not name them`,
              );
          }
        }
      },
    ),
    { numRuns: 100 },
  );
  assert.ok(folded > 100, `only ${folded} were folded`);
});
