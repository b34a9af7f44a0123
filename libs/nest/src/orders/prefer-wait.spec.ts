import { preferredWait } from './prefer-wait.js';

it.each([
  [undefined, null],
  ['', null],
  ['respond-async', null],
  ['wait=10', 10_000],
  ['WAIT = 10', 10_000],
  ['respond-async, wait=10', 10_000],
  ['wait="10"; foo=bar', 10_000],
  ['wait=0', 0],
  ['wait=100', 60_000],
  ['wait=9999999999', 60_000],
  ['wait=-1', null],
  ['wait=1.5', null],
  ['await=5', null],
])('understands Prefer: %s', (header, milliseconds) => {
  expect(preferredWait(header, 60_000)).toBe(milliseconds);
});
