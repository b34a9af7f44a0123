import { inPhase } from './phase.js';

type Door = { readonly phase: 'open' } | { readonly phase: 'shut'; readonly key: string };

describe('a state that must be in a phase', () => {
  const shut = (): Door => ({ phase: 'shut', key: 'k' });

  it('is what that phase knows', () => {
    expect(inPhase(shut(), 'shut').key).toBe('k');
    expect(inPhase(shut(), 'open', 'shut').phase).toBe('shut');
  });

  it('breaks the history in another one', () => {
    expect(() => inPhase(shut(), 'open')).toThrow('it is shut, not open');
  });
});
