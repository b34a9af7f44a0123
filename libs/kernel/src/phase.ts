/**
 * The state, which must be in one of these phases. A decider's events come in the phases that it wrote them in, so
 * another phase is a broken history.
 * @throws Error that names both
 */
export function inPhase<S extends { readonly phase: string }, P extends S['phase']>(
  state: S,
  ...phases: readonly P[]
): Extract<S, { readonly phase: P }> {
  if (!isIn(state, phases)) throw new Error(`it is ${state.phase}, not ${phases.join(' or ')}`);
  return state;
}

const isIn = <S extends { readonly phase: string }, P extends S['phase']>(
  state: S,
  phases: readonly P[],
): state is Extract<S, { readonly phase: P }> => (phases as readonly string[]).includes(state.phase);
