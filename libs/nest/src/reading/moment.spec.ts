import { instantOf } from './moment.js';

it.each([
  ['2026-11-24T08:00:00Z', '2026-11-24T08:00:00.000Z'],
  ['2026-11-24T08:00:00.123Z', '2026-11-24T08:00:00.123Z'],
  ['2026-11-24T08:00+02:00', '2026-11-24T06:00:00.000Z'],
  ['2026-11-24T08:00:00', '2026-11-24T08:00:00.000Z'],
  ['2026-11-24', '2026-11-24T00:00:00.000Z'],
])('understands %s', (text, moment) => {
  expect(new Date(instantOf(text) ?? NaN).toISOString()).toBe(moment);
});

it.each([
  '',
  'yesterday',
  '2026',
  '24.11.2026',
  '2026-13-01',
  '2026-02-30',
  '2026-11-24T24:00Z',
  '2026-11-24T08:00:00 02:00',
  '2026-11-24 08:00',
  '1764000000000',
])('does not understand %p', (text) => {
  expect(instantOf(text)).toBeNull();
});
