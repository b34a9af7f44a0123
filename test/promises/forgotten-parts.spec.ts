import { readFileSync } from 'node:fs';
import { typeErrors } from '@seatbook/test-support/type-check';

const EVENTS = 'libs/licensing/src/order/order-events.ts';
const PLANTED = 'libs/licensing/src/order/planted.ts';

/** A file with a line more. */
function changed(path: string, before: string, added: string): string {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(before)) throw new Error(`${path} has no ${before}`);
  return text.replace(before, `${added}\n  ${before}`);
}

const filesOf = (errors: readonly string[]): string[] =>
  [...new Set(errors.map((error) => error.split(':')[0] as string))].sort();

describe('what does not compile', () => {
  it('is an event without its registration and its place in the fold', () => {
    const text = changed(EVENTS, `| Event<'finished'`, `| Event<'renamed', { readonly name: string }>`);
    expect(filesOf(typeErrors({ [EVENTS]: text }, ['libs/licensing/src/order']))).toEqual([
      'libs/licensing/src/order/order-decider.ts',
      'libs/licensing/src/order/order-events.ts',
    ]);
  });

  it('is a step that does not say when it is due, and a second list of steps', () => {
    const errors = typeErrors({
      [PLANTED]: `
        import type { Decider, Steps } from '@seatbook/kernel';
        export const steps: Steps<null, null> = { ask: { perform: () => Promise.resolve([]) } };
        export const next: Decider<never, null, never>['next'] = () => null;
      `,
    });
    expect(errors).toEqual([
      expect.stringContaining(`Property 'due' is missing`) as string,
      expect.stringContaining(`Property 'next' does not exist`) as string,
    ]);
  });
});
