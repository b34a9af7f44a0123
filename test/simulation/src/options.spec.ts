import { UsageError, optionsFrom } from './options.js';

const BUGS = ['claim-not-checked'];

it('without options, a hundred seeds are lived', () => {
  const options = optionsFrom([], BUGS);
  expect(options).toMatchObject({ stores: 'embedded', processes: 1, limitMs: 180_000, planted: null });
  expect(options?.seeds).toEqual(Array.from({ length: 100 }, (_seed, index) => index + 1));
});

it('asked how it is used, it lives nothing', () => {
  expect(optionsFrom(['--help'], BUGS)).toBeNull();
  expect(optionsFrom(['-h', '--seeds', '3'], BUGS)).toBeNull();
});

it.each([
  { argv: ['--sedes', '3'], message: "Unknown option '--sedes'" },
  { argv: ['--seeds'], message: "Option '--seeds <value>' argument missing" },
  { argv: ['--seeds', 'many'], message: '--seeds many: expected a whole number from 1 on' },
  { argv: ['--seeds', '0'], message: '--seeds 0: expected a whole number from 1 on' },
  { argv: ['--limit', '1.5'], message: '--limit 1.5: expected a whole number from 1 on' },
  { argv: ['--only', '1;2'], message: '--only 1;2: expected whole numbers, with commas between them' },
  { argv: ['--stores', 'disk'], message: '--stores disk: expected embedded or servers' },
  { argv: ['17'], message: '17: only --planted and --replay take names' },
  { argv: ['--replay', 'no-such-bug'], message: 'no-such-bug: no planted bug has this name' },
  { argv: ['--replay', '--planted'], message: '--planted and --replay: expected one of them' },
])('$argv is refused', ({ argv, message }) => {
  expect(() => optionsFrom(argv, BUGS)).toThrow(new UsageError(message));
});
