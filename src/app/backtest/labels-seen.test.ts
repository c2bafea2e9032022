import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLabelsSeen } from './labels-seen.ts';

const span = { start: '2026-03-02T09:00:00Z', end: '2026-03-02T10:00:00Z' };

test('a label of an incident that no series had is told, with what was probably meant', () => {
  const seen = createLabelsSeen();
  seen.add([{}, { country: 'KR' }, { country: 'KR', format: 'video' }]);
  seen.add([{ country: 'US', format: 'banner' }]);
  const notes = seen.notesOn([
    { ...span, labels: { country: 'KR', format: 'banner' } },
    { ...span, labels: { country: 'kr' } },
    span,
    { ...span, labels: { country: 'Atlantis', format: 'vidoe' } },
    { ...span, labels: { country: 'kr', format: 'video' } },
    { ...span, labels: { site: 'a' } },
  ]);
  assert.deepEqual(notes, [
    'incident 2 and 1 more: no series had country="kr"; did you mean "KR"?',
    'incident 4: no series had country="Atlantis"; there are KR, US',
    'incident 4: no series had format="vidoe"; did you mean "video"?',
    'incident 6: no series had site="a"; none had a value of it',
  ]);
});

test('where no series has labels nothing is told; of very many labels the first ones are', () => {
  const seen = createLabelsSeen();
  const incidents = Array.from({ length: 25 }, (_, i) => ({ ...span, labels: { country: `not a country ${i}` } }));
  assert.deepEqual(seen.notesOn(incidents), []);
  seen.add(Array.from({ length: 12 }, (_, i) => ({ country: `C${i}` })));
  const notes = seen.notesOn(incidents);
  assert.equal(notes.length, 21);
  assert.equal(notes[0], 'incident 1: no series had country="not a country 0"; there are C0, C1, C10, C11, C2, C3, C4, C5, …');
  assert.equal(notes.at(-1), '5 more labels of incidents that no series had');
});
