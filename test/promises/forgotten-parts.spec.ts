import { readFileSync, readdirSync } from 'node:fs';
import { lintErrors } from '@seatbook/test-support/lint-errors';
import { typeErrors } from '@seatbook/test-support/type-check';

const LICENSING = 'libs/licensing/src';

/** Where the events of each concept are declared. */
const eventFiles = readdirSync(LICENSING, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('-events.ts'))
  .map((path) => `${LICENSING}/${path}`)
  .sort();

/** The declaration of events with one event more. */
function withOneMore(path: string): string {
  const text = readFileSync(path, 'utf8');
  const first = /Event<\s*'/;
  if (!first.test(text)) throw new Error(`${path} declares no events`);
  return text.replace(first, `Event<'planted', { readonly planted: true }>\n  | $&`);
}

describe('what does not compile', () => {
  it('is an event that is not registered, or told in no story', () => {
    const changes = Object.fromEntries(eventFiles.map((path) => [path, withOneMore(path)]));
    const files = new Set(typeErrors(changes, [LICENSING]).map((error) => error.split(':')[0]));
    const missed = eventFiles
      .flatMap((path) => [path, path.replace(/-events\.ts$/, '-story.ts')])
      .filter((path) => !files.has(path));
    expect(eventFiles).not.toEqual([]);
    expect(missed).toEqual([]);
  });

  it('is a step that does not say when it is due, and a second list of steps', () => {
    const errors = typeErrors({
      [`${LICENSING}/planted.ts`]: `
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

it('a step that is in no record of steps is an error of npm run lint', async () => {
  const source = `
    const ask = { due: () => null };
    const forgotten = { due: () => null };
    export const steps = { ask };
  `;
  const path = `${LICENSING}/planted-steps.ts`;
  expect(await lintErrors(path, source, '@typescript-eslint/no-unused-vars')).toEqual([
    expect.stringMatching(/'forgotten' is assigned a value but never used/) as string,
  ]);
});
