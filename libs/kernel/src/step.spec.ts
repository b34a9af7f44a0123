import { nextOf, type Step } from './step.js';

const perform = () => Promise.resolve([]);
const dueAt = (at: number | null, gate?: string): Step<null, never> => ({
  due: () => (at === null ? null : { at, ...(gate === undefined ? {} : { gate }) }),
  perform,
});

describe('what a stream waits for', () => {
  it('is the earliest step that is due, with its gate', () => {
    expect(
      nextOf({ late: dueAt(9, 'account'), soon: dueAt(5, 'account'), never: dueAt(null) }, null),
    ).toEqual({
      step: 'soon',
      at: 5,
      gate: 'account',
    });
  });

  it('is the step that comes first in the record, of those due at the same moment', () => {
    expect(nextOf({ first: dueAt(5), second: dueAt(5) }, null)).toEqual({ step: 'first', at: 5 });
  });

  it('is nothing where no step is due, and where there is none', () => {
    expect(nextOf({ never: dueAt(null) }, null)).toBeNull();
    expect(nextOf({}, null)).toBeNull();
  });

  it('is in one queue: a gate would hide what is due after its own step', () => {
    const mixed = { own: dueAt(9), read: dueAt(5, 'account'), never: dueAt(null, 'other') };
    expect(() => nextOf(mixed, null)).toThrow('own waits behind no gate, read behind the gate account');
    expect(() => nextOf({ one: dueAt(5, 'a'), other: dueAt(9, 'b') }, null)).toThrow('behind the gate b');
  });
});
