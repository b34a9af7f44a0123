import { retryAfterMs } from './retry-after.js';

const now = Date.UTC(2026, 10, 1, 12);
const read = (header?: string) => retryAfterMs(header, now, 3_600_000);

describe('Retry-After', () => {
  it('is seconds', () => {
    expect(read('120')).toBe(120_000);
    expect(read(' 0 ')).toBe(0);
  });

  it('is an HTTP date', () => {
    expect(read('Sun, 01 Nov 2026 12:02:00 GMT')).toBe(120_000);
    expect(read('Sun, 01 Nov 2026 11:00:00 GMT')).toBe(0);
  });

  it('is cut to the maximum', () => {
    expect(read('999999999')).toBe(3_600_000);
    expect(read('Mon, 01 Nov 2038 12:00:00 GMT')).toBe(3_600_000);
  });

  it.each([undefined, '', 'soon', '-5', 'Infinity', 'NaN', '5 minutes'])(
    'is ignored when it is %p',
    (header) => {
      expect(read(header)).toBeNull();
    },
  );
});
