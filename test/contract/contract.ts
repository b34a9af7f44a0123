import assert from 'node:assert/strict';
import { afterAll, describe, test } from '@jest/globals';

/** What a contract needs of an adapter: a fresh one for each case, and the way to end it. */
export interface Fixture {
  close(): Promise<void>;
}

/** Cases by their sentence. A case rejects when the adapter breaks the sentence; it cannot be skipped, only fail. */
export type Cases<F> = Readonly<Record<string, (fixture: F) => Promise<void>>>;

/** Runs every case against adapters from `open`, and fails when fewer ran than are declared. */
export function runContract<F extends Fixture>(title: string, cases: Cases<F>, open: () => Promise<F>): void {
  describe(title, () => {
    let executed = 0;
    for (const [sentence, run] of Object.entries(cases)) {
      test(sentence, async () => {
        const fixture = await open();
        try {
          await run(fixture);
          executed += 1;
        } finally {
          await fixture.close();
        }
      });
    }
    afterAll(() => {
      assert.equal(executed, Object.keys(cases).length, 'every case of a contract has to run and to hold');
    });
  });
}
