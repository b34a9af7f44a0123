/**
 * True where tests run at full size: `FULL=1 npm test`, by hand before a release. Without it they show the same with
 * less of it, so that `npm test` answers soon.
 */
const full = process.env['FULL'] === '1';

/** How much of something: usually, and at full size. */
export const sized = (usually: number, atFullSize: number): number => (full ? atFullSize : usually);
